# SPDX-License-Identifier: GPL-2.0-or-later
# Plugged in and out of a running guest: interface, disc, disk, channel, USB redirection; keys, a reset, a reboot.
. /mnt/steps
URI=qemu:///system
images=/var/lib/libvirt/images
step virtqemud make-disks sh -c 'cd /var/lib/libvirt/images && qemu-img create -q -f qcow2 lab-qcow.qcow2 8M && truncate -s 1M lab-qcow.iso lab-qcow.raw'
step virtqemud label-disks restorecon -R $images
step virtnetworkd network virsh net-create /mnt/net-nat.xml
step virtqemud create virsh create /mnt/guest-qcow.xml
step virtqemud attach-interface virsh attach-device lab-qcow /mnt/interface-lab.xml
step virtqemud list-interfaces virsh domiflist lab-qcow
step virtqemud link-down virsh update-device lab-qcow /mnt/interface-lab-down.xml
step virtqemud link-state virsh domif-getlink lab-qcow 52:54:00:ab:00:33
step virtqemud limit-interface virsh domiftune lab-qcow 52:54:00:ab:00:33 --inbound 200,300,100
step virtqemud detach-interface virsh detach-interface lab-qcow network --mac 52:54:00:ab:00:33
step virtqemud insert-disc virsh change-media lab-qcow sda $images/lab-qcow.iso --insert
step virtqemud eject-disc virsh change-media lab-qcow sda --eject --force
step virtqemud attach-block-limit virsh attach-disk lab-qcow $images/lab-qcow.raw vdb --cache none
step virtqemud block-limits virsh blkdeviotune lab-qcow vda --total-bytes-sec 1000000
step virtqemud attach-channel virsh attach-device lab-qcow /mnt/channel.xml
step virtqemud detach-channel virsh detach-device-alias lab-qcow ua-lab-channel
step virtqemud attach-redirection virsh attach-device lab-qcow /mnt/redirdev.xml
step virtqemud detach-redirection virsh detach-device lab-qcow /mnt/redirdev.xml
step virtqemud keys virsh send-key lab-qcow KEY_ENTER
step virtqemud interrupt virsh inject-nmi lab-qcow
step virtqemud reset virsh reset lab-qcow
step virtqemud shutdown-asked virsh shutdown lab-qcow --mode acpi
refuse virtqemud no-agent 'agent' virsh qemu-agent-command lab-qcow '{"execute":"guest-ping"}'
step virtqemud destroy virsh destroy lab-qcow
step virtnetworkd no-network virsh net-destroy lab-nat
step virtqemud clean-up sh -c 'rm -f /var/lib/libvirt/images/lab-qcow.*'
