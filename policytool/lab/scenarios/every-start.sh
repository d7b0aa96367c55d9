# SPDX-License-Identifier: GPL-2.0-or-later
# What a daemon seldom does: as the first of all, where there are hooks, short of memory, while another one runs already.
. /mnt/steps

m=glibc.malloc
tight=$m.trim_threshold=0:$m.top_pad=0:$m.tcache_count=0:$m.mxfast=0
filters=$(seq -f "1:none-%.0f" -s " " 4000)

# first DAEMON: start it where the folder is missing that all share, so that it makes it when it has its first client. It
# gives back all memory at once: before a thread does that, the C library asks how memory is overcommitted.
first() {
    folder=/run/systemd/system/$1.service.d
    mkdir -p "$folder" &&
        printf '[Service]\nEnvironment=GLIBC_TUNABLES=%s\n' "$tight" >"$folder/memory.conf" &&
        systemctl daemon-reload && systemctl stop "$1.service" && rm -rf /run/libvirt/common &&
        systemctl start "$1.service"
}

# twice DAEMON FOLDER: start it while somebody holds the lock on its driver's file, so that it cannot work and ends itself.
twice() {
    systemctl stop "$1.service"
    python3 -c 'import fcntl, sys, time
file = open(sys.argv[1], "a")
fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)' "/run/libvirt/$2/driver.pid" >/run/lab-held 2>&1 &
    holder=$!
    poll 10 grep -q held /run/lab-held && { systemctl start "$1.service" || true; } && poll 30 ended "$1"
    result=$?
    kill $holder
    wait $holder
    systemctl reset-failed "$1.service" 2>/dev/null
    return $result
}

# usual: start all that run once more, as they were.
usual() {
    rm -f /run/systemd/system/virt*d.service.d/memory.conf
    rm -rf /run/libvirt/common
    systemctl daemon-reload && systemctl try-restart 'virt*d.service'
}

step virtqemud make-folder sh -c 'mkdir -p /etc/libvirt/hooks && restorecon -R /etc/libvirt/hooks'
step virtinterfaced first first virtinterfaced
URI=interface:///system
step virtinterfaced ask virsh iface-list --all
step virtinterfaced servers admin virtinterfaced srv-list
step virtinterfaced many-filters admin virtinterfaced daemon-log-filters "$filters"
step virtinterfaced no-filters admin virtinterfaced daemon-log-filters ''
step virtinterfaced threads admin virtinterfaced server-threadpool-info virtinterfaced
step virtinterfaced has-made-the-folder test -s /run/libvirt/common/system.token
step virtinterfaced twice twice virtinterfaced interface
step virtlockd first first virtlockd
step virtlockd servers admin virtlockd srv-list
step virtlockd many-filters admin virtlockd daemon-log-filters "$filters"
step virtlockd no-filters admin virtlockd daemon-log-filters ''
step virtlockd has-made-the-folder test -s /run/libvirt/common/system.token
step virtlogd first first virtlogd
step virtlogd servers admin virtlogd srv-list
step virtlogd many-filters admin virtlogd daemon-log-filters "$filters"
step virtlogd no-filters admin virtlogd daemon-log-filters ''
step virtlogd has-made-the-folder test -s /run/libvirt/common/system.token
step virtlxcd first first virtlxcd
URI=lxc:///system
step virtlxcd ask virsh list --all
step virtlxcd servers admin virtlxcd srv-list
step virtlxcd many-filters admin virtlxcd daemon-log-filters "$filters"
step virtlxcd no-filters admin virtlxcd daemon-log-filters ''
step virtlxcd threads admin virtlxcd server-threadpool-info virtlxcd
step virtlxcd has-made-the-folder test -s /run/libvirt/common/system.token
step virtlxcd twice twice virtlxcd lxc
step virtnetworkd first first virtnetworkd
URI=network:///system
step virtnetworkd ask virsh net-list --all
step virtnetworkd servers admin virtnetworkd srv-list
step virtnetworkd many-filters admin virtnetworkd daemon-log-filters "$filters"
step virtnetworkd no-filters admin virtnetworkd daemon-log-filters ''
step virtnetworkd threads admin virtnetworkd server-threadpool-info virtnetworkd
step virtnetworkd has-made-the-folder test -s /run/libvirt/common/system.token
step virtnetworkd twice twice virtnetworkd network
step virtnodedevd first first virtnodedevd
URI=nodedev:///system
step virtnodedevd ask virsh nodedev-list
step virtnodedevd servers admin virtnodedevd srv-list
step virtnodedevd many-filters admin virtnodedevd daemon-log-filters "$filters"
step virtnodedevd no-filters admin virtnodedevd daemon-log-filters ''
step virtnodedevd threads admin virtnodedevd server-threadpool-info virtnodedevd
step virtnodedevd has-made-the-folder test -s /run/libvirt/common/system.token
step virtnodedevd twice twice virtnodedevd nodedev
step virtnwfilterd first first virtnwfilterd
URI=nwfilter:///system
step virtnwfilterd ask virsh nwfilter-list
step virtnwfilterd servers admin virtnwfilterd srv-list
step virtnwfilterd many-filters admin virtnwfilterd daemon-log-filters "$filters"
step virtnwfilterd no-filters admin virtnwfilterd daemon-log-filters ''
step virtnwfilterd threads admin virtnwfilterd server-threadpool-info virtnwfilterd
step virtnwfilterd has-made-the-folder test -s /run/libvirt/common/system.token
step virtnwfilterd twice twice virtnwfilterd nwfilter
step virtproxyd first first virtproxyd
URI='qemu+unix:///system?mode=legacy'
step virtproxyd ask virsh list --all
step virtproxyd has-made-the-folder test -s /run/libvirt/common/system.token
step virtqemud first first virtqemud
URI=qemu:///system
step virtqemud ask virsh capabilities
step virtqemud servers admin virtqemud srv-list
step virtqemud many-filters admin virtqemud daemon-log-filters "$filters"
step virtqemud no-filters admin virtqemud daemon-log-filters ''
step virtqemud threads admin virtqemud server-threadpool-info virtqemud
step virtqemud has-made-the-folder test -s /run/libvirt/common/system.token
step virtqemud twice twice virtqemud qemu
step virtsecretd first first virtsecretd
URI=secret:///system
step virtsecretd ask virsh secret-list
step virtsecretd servers admin virtsecretd srv-list
step virtsecretd many-filters admin virtsecretd daemon-log-filters "$filters"
step virtsecretd no-filters admin virtsecretd daemon-log-filters ''
step virtsecretd threads admin virtsecretd server-threadpool-info virtsecretd
step virtsecretd has-made-the-folder test -s /run/libvirt/common/system.token
step virtsecretd twice twice virtsecretd secrets
step virtstoraged first first virtstoraged
URI=storage:///system
step virtstoraged ask virsh pool-list --all
step virtstoraged servers admin virtstoraged srv-list
step virtstoraged many-filters admin virtstoraged daemon-log-filters "$filters"
step virtstoraged no-filters admin virtstoraged daemon-log-filters ''
step virtstoraged threads admin virtstoraged server-threadpool-info virtstoraged
step virtstoraged has-made-the-folder test -s /run/libvirt/common/system.token
step virtstoraged twice twice virtstoraged storage
step virtvboxd first first virtvboxd
step virtvboxd servers admin virtvboxd srv-list
step virtvboxd many-filters admin virtvboxd daemon-log-filters "$filters"
step virtvboxd no-filters admin virtvboxd daemon-log-filters ''
step virtvboxd threads admin virtvboxd server-threadpool-info virtvboxd
step virtvboxd has-made-the-folder test -s /run/libvirt/common/system.token
URI=xen:///system
step virtxend without-its-condition condition virtxend none
step virtxend drop-common-folder rm -rf /run/libvirt/common
refuse virtxend first 'reset\|end of file\|broken pipe' virsh list
step virtxend with-its-condition condition virtxend
step virtqemud drop-folder rm -r /etc/libvirt/hooks
step virtqemud as-usual usual
