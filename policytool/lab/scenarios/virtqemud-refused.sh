# SPDX-License-Identifier: GPL-2.0-or-later
# More that virtqemud has to refuse: what others do not have, what is in use, what the user may not do.
. /mnt/steps
URI=qemu:///system
refuse virtqemud no-network 'not found\|no network' virsh create /mnt/guest-no-net.xml
refuse virtqemud no-pool 'not found\|no storage pool' virsh create /mnt/guest-no-pool.xml
refuse virtqemud no-emulator 'No such file\|emulator\|find' virsh define /mnt/guest-no-emulator.xml
step virtqemud create virsh create /mnt/guest-small.xml
refuse virtqemud already-running 'already\|active' virsh create /mnt/guest-small.xml
refuse virtqemud no-disk 'No such file\|access' virsh attach-disk lab-small /var/lib/libvirt/images/lab-none.img vdb
refuse virtqemud no-device 'not found\|no target\|no disk\|disk information' virsh detach-disk lab-small vdq
refuse virtqemud no-host-device 'not found\|find\|No such\|device\|support' virsh attach-device lab-small /mnt/hostdev-none.xml
refuse virtqemud detach-host-device 'VFIO\|support\|not found\|find' virsh nodedev-detach pci_0000_00_00_0 --driver vfio
refuse virtqemud no-folder-to-save 'No such file\|failed' virsh save lab-small /var/lib/lab-none/save
refuse virtqemud bad-state 'magic\|image\|read\|header' virsh restore /mnt/steps
refuse virtqemud too-many-processors 'greater\|maximum\|vcpu' virsh setvcpus lab-small 9 --live
refuse virtqemud bad-monitor-command 'not found\|unknown\|error' virsh qemu-monitor-command lab-small '{"execute":"lab-none"}' --return-value
refuse virtqemud no-snapshot 'not found\|no domain snapshot' virsh snapshot-delete lab-small none
refuse virtqemud migrate-to-itself 'same host\|migrat' virsh migrate lab-small qemu:///system --live
refuse virtqemud migrate-nowhere 'connect\|fail' virsh migrate lab-small 'qemu+unix:///system?socket=/run/lab-none' --live
refuse virtqemud read-only 'read only\|denied\|forbidden' virsh --readonly destroy lab-small
refuse virtqemud nobody-may-connect 'denied' nobody list
step virtqemud destroy virsh destroy lab-small
