# SPDX-License-Identifier: GPL-2.0-or-later
# Two guests and one disk: whoever comes second is refused; locks outlive virtlockd's re-execution.
. /mnt/steps
URI=qemu:///system
pid() { systemctl show --property MainPID --value virtlockd.service; }
again() { # a re-execution: the same process
    before=$(pid) && systemctl reload virtlockd.service && sleep 1 && [ "$(pid)" = "$before" ] && runs virtlockd
}
step virtlockd make-disk truncate -s 4M /var/lib/libvirt/images/lab-lock.img
step virtqemud lock-manager setting qemu 'lock_manager = "lockd"'
step virtqemud restart systemctl restart virtqemud.service
step virtqemud create virsh create /mnt/guest-lock-a.xml
step virtlockd is-running runs virtlockd
refuse virtlockd second-guest 'lock\|busy' virsh create /mnt/guest-lock-b.xml
step virtlockd re-execution again
refuse virtlockd second-after-re-execution 'lock\|busy' virsh create /mnt/guest-lock-b.xml
step virtlockd suspend-gives-up virsh suspend lab-lock-a
step virtlockd resume-takes-again virsh resume lab-lock-a
step virtlockd attach-disk sh -c 'truncate -s 1M /var/lib/libvirt/images/lab-lock2.img && virsh -q -c qemu:///system attach-disk lab-lock-a /var/lib/libvirt/images/lab-lock2.img vdb'
step virtlockd admin-clients admin virtlockd client-list virtlockd
step virtqemud destroy virsh destroy lab-lock-a
step virtlockd is-free virsh create /mnt/guest-lock-b.xml
step virtqemud destroy-other virsh destroy lab-lock-b
step virtqemud no-lock-manager setting qemu
step virtqemud restart-without systemctl restart virtqemud.service
step virtlockd clean-up rm -f /var/lib/libvirt/images/lab-lock.img /var/lib/libvirt/images/lab-lock2.img
