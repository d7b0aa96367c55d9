# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's console goes to a file through virtlogd, over its re-execution and a restart of virtqemud.
. /mnt/steps
URI=qemu:///system
log=/var/log/libvirt/qemu/lab-console.log
written() { [ -s $log ]; }
pid() { systemctl show --property MainPID --value virtlogd.service; }
again() { # reload, which is a re-execution: the same process
    before=$(pid) && systemctl reload virtlogd.service && sleep 1 && [ "$(pid)" = "$before" ] && runs virtlogd
}
more() {
    size=$(stat -c %s $log)
    virsh reset lab-log && poll 30 larger
}
larger() { [ "$(stat -c %s $log)" -gt "$size" ]; }
step virtqemud create virsh create /mnt/guest-log.xml
step virtlogd is-running runs virtlogd
step virtlogd console-is-written poll 30 written
step virtlogd guest-log-is-written grep -q qemu-system /var/log/libvirt/qemu/lab-log.log
step virtlogd re-execution again
step virtlogd still-written more
step virtqemud restart systemctl restart virtqemud.service
step virtlogd written-after-restart more
step virtqemud destroy virsh destroy lab-log
step virtlogd clean-up rm -f $log
