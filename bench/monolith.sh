# SPDX-License-Identifier: GPL-2.0-or-later
# A workload that comes before other scenarios by its name (aa-monolith.sh): from then on libvirtd does the work of all
# modular daemons, so that its calls can be compared with theirs. What a scenario asks of a daemon's unit it asks of
# libvirtd's; what it asks of a daemon's administration has nobody to answer, so leave those scenarios out.
#   lab record --mode calls (or complete) -d libvirtd -d svirt_t --under policies --workload aa-monolith.sh --scenario ...
. /mnt/steps
DRIVERS='virtqemud virtnetworkd virtstoraged virtnodedevd virtsecretd virtnwfilterd virtinterfaced virtlxcd virtvboxd virtxend virtproxyd'
# Before the real one in PATH; /run holds no programs (noexec).
cat >/usr/local/sbin/systemctl <<'WRAPPER'
#!/bin/bash
words=()
for word in "$@"; do
    case $word in
    virt*d.service) case $word in virtlogd* | virtlockd*) ;; *) word=libvirtd.service ;; esac ;;
    esac
    words+=("$word")
done
exec /usr/bin/systemctl "${words[@]}"
WRAPPER
chmod 755 /usr/local/sbin/systemctl
stop_modular() {
    for name in $DRIVERS; do
        /usr/bin/systemctl stop "$name.socket" "$name-ro.socket" "$name-admin.socket" "$name.service" || return
    done
}
step libvirtd stop-modular stop_modular
step libvirtd start-sockets /usr/bin/systemctl start libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket
URI=qemu:///system
step libvirtd started-by-a-client virsh list --all
step libvirtd is-running /usr/bin/systemctl --quiet is-active libvirtd.service
