# SPDX-License-Identifier: GPL-2.0-or-later
# In the lab's machine: a recording restores its host, however it ends. Booted twice: a killed recording is left at the
# end of the first boot, and the second one restores it.
case $(id -Z) in
*:unconfined_t:*) setenforce 1 ;; # an administrator's shell on an enforcing host
*) exec runcon -u unconfined_u -r unconfined_r -t unconfined_t -l s0-s0:c0.c1023 sh "$0" ;;
esac
. /mnt/steps
export PYTHONPATH=/mnt/python PYTHONDONTWRITEBYTECODE=1 HOME=/root
JOURNAL=/var/lib/policytool/recording/journal.json
UNITS='virtsecretd.service virtsecretd.socket virtsecretd-ro.socket virtsecretd-admin.socket'

policytool() { python3 -m policytool "$@"; }
list() { command virsh --quiet --connect secret:///system secret-list; }

# All that a recording changes, and more.
state() {
    sha256sum /sys/fs/selinux/policy
    cat /sys/fs/selinux/enforce
    echo
    find /var/lib/selinux /etc/selinux /etc/audit -type f -exec sha256sum {} + | sort -k 2
    stat --format '%n %U %G %a %C' /etc/audit/auditd.conf /usr/sbin/virt*
    auditctl -l
    auditctl -s | grep -v '^lost\|^backlog \|^backlog_wait_time_actual\|^pid'
    for unit in $UNITS; do echo "$unit $(systemctl is-active $unit)"; done
    ps -eo label,comm | grep 'virtsecret' | sort
    # The machine's runner leaves its own logs there at the end of a boot.
    find /var/lib/policytool -type f ! -name lock ! -name journal.log ! -name dmesg.log
}
same() {
    state >/root/state.now
    diff /root/state.before /root/state.now
}
contains() { grep -q "$2" "$1" || { cat "$1"; return 1; }; }

# end_by SIGNAL WHEN: start a recording, send it SIGNAL as soon as WHEN holds, and wait for its end.
end_by() {
    # Not by the function: $! would be the shell that runs it.
    python3 -m policytool trace record -d virtsecretd -o /root/cut --overwrite -- sleep 900 >/root/cut.log 2>&1 &
    pid=$!
    while kill -0 $pid 2>/dev/null; do
        if $2; then
            kill -$1 $pid
            break
        fi
    done
    wait $pid
    status=$?
    # Its command ends with it, too.
    ! pgrep -x sleep >/dev/null || sleep 1
    [ $status -ge 128 ] || { cat /root/cut.log; return 1; }
}
count_changes() { grep -o '"kind"' $JOURNAL | wc -l; }
changes() { [ -e $JOURNAL ] && [ "$(count_changes)" -ge "$COUNT" ]; }
recording() { grep -q '^recording ' /root/cut.log && count_changes >/root/changes; }
restoring() { grep -q '^restoring: ' /root/cut.log; }
interrupt() { end_by INT recording; }
term() { end_by TERM recording; }
kill_recording() { end_by KILL recording; }
kill_at() { COUNT=$1; end_by KILL changes; }
# A restoration that is killed itself.
kill_restore() {
    end_by KILL recording
    python3 -m policytool trace restore >/root/cut.log 2>&1 &
    pid=$!
    while kill -0 $pid 2>/dev/null && ! restoring; do :; done
    kill -KILL $pid
    wait $pid
    [ -e $JOURNAL ]
}
no_journal() { [ ! -e $JOURNAL ]; }
refused_before_restore() { ! policytool trace record -d virtsecretd -o /root/no -- true; }

if [ -e $JOURNAL ]; then
    step recorder restore-after-boot policytool trace restore
    step recorder same-after-boot same
    exit
fi

# On a slow machine it would be idle for its two minutes, and exit by itself in the middle of a comparison.
mkdir -p /etc/sysconfig
echo 'VIRTSECRETD_ARGS=' >/etc/sysconfig/virtsecretd
systemctl stop virtsecretd.service
list >/dev/null
state >/root/state.before

step recorder dry-run policytool trace record -d virtsecretd --dry-run
step recorder dry-run-changes-nothing same
step recorder record policytool trace record -d virtsecretd -o /root/one -- \
    sh -c 'virsh --quiet --connect secret:///system secret-list; virsh --connect secret:///system secret-define /mnt/secret-keep.xml'
step recorder same-after-success same
policytool access /root/one --json >/root/access.json
policytool trace show /root/one >/root/shown
step recorder lost-nothing contains /root/shown 'lost: 0'
step recorder complete contains /root/shown 'recording: complete'
step recorder grants-are-seen contains /root/access.json '"result": "granted"'
step recorder both-directions contains /root/access.json '"connectto"'
step recorder calls policytool trace record -d virtsecretd --mode calls --restart -o /root/calls -- \
    virsh --quiet --connect secret:///system secret-list
step recorder same-after-calls same
policytool trace calls /root/calls >/root/called
step recorder calls-of-the-daemon contains /root/called '^virtsecretd_t *.*/virtsecretd *openat *O_'
step recorder no-such-command sh -c '! python3 -m policytool trace record -d virtsecretd -o /root/no -- /nonexistent'
step recorder same-after-error same
step recorder interrupt interrupt
step recorder same-after-interrupt same
step recorder terminate term
step recorder same-after-terminate same
# As many as the recordings before have made here; what is already as wanted is no change.
for count in $(seq "$(cat /root/changes)"); do
    step recorder kill-at-change-$count kill_at $count
    step recorder restore-$count policytool trace restore
    step recorder same-$count same
done
step recorder kill-restore kill_restore
step recorder restore-again policytool trace restore
step recorder same-after-killed-restore same
step recorder nothing-to-restore policytool trace restore
step recorder kill-recording kill_recording
step recorder refused-before-restore refused_before_restore
