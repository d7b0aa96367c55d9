# SPDX-License-Identifier: GPL-2.0-or-later
# An administrator edits: a guest that is off, its saved state, its snapshots and checkpoints; the editor is sed.
. /mnt/steps
URI=qemu:///system
images=/var/lib/libvirt/images
save=/var/lib/libvirt/qemu/save/lab-qcow.save
id() { virsh domuuid lab-qcow; }
name() { [ "$(virsh domname "$(id)")" = lab-qcow ]; }
managed() { client managedsave-dumpxml lab-qcow --security-info >/run/lab.xml && client managedsave-define lab-qcow /run/lab.xml; }
saved() { client save-image-dumpxml $save --security-info >/run/lab.xml && client save-image-define $save /run/lab.xml; }
describe='0,/<.name>/s//<\/name><description>edited<\/description>/'
step virtqemud make-disk qemu-img create -q -f qcow2 $images/lab-qcow.qcow2 8M
step virtqemud label-disk restorecon -R $images
step virtqemud define virsh define /mnt/guest-qcow.xml
step virtqemud name-of-the-uuid name
step virtqemud edit edit 's/<on_crash>[a-z]*/<on_crash>restart/' edit lab-qcow
step virtqemud is-edited sh -c 'virsh -q -c qemu:///system dumpxml lab-qcow | grep -q "<on_crash>restart"'
step virtqemud most-memory virsh setmaxmem lab-qcow 65536 --config
step virtqemud memory virsh setmem lab-qcow 49152 --config
step virtqemud processors virsh setvcpus lab-qcow 2 --config --maximum
step virtqemud count-processors virsh vcpucount lab-qcow
step virtqemud set-note virsh metadata lab-qcow urn:lab:note --key lab --set '<note>synthetic</note>' --config
step virtqemud note virsh metadata lab-qcow urn:lab:note --config
step virtqemud edit-note edit 's/synthetic/edited/' metadata lab-qcow urn:lab:note --key lab --edit --config
step virtqemud remove-note virsh metadata lab-qcow urn:lab:note --remove --config
step virtqemud lifecycle virsh set-lifecycle-action lab-qcow poweroff destroy --config
step virtqemud arguments virsh domxml-to-native qemu-argv --domain lab-qcow
step virtqemud snapshot-off virsh snapshot-create lab-qcow /mnt/snapshot-off.xml
step virtqemud snapshot-child virsh snapshot-create-as lab-qcow child
step virtqemud current-snapshot virsh snapshot-current lab-qcow --name
step virtqemud set-current-snapshot virsh snapshot-current lab-qcow --snapshotname off
step virtqemud parent-snapshot virsh snapshot-parent lab-qcow child
step virtqemud snapshot-info virsh snapshot-info lab-qcow child
step virtqemud edit-snapshot edit "$describe" snapshot-edit lab-qcow child
step virtqemud revert-off virsh snapshot-revert lab-qcow off
step virtqemud delete-snapshots virsh snapshot-delete lab-qcow off --children
step virtqemud start virsh start lab-qcow
step virtqemud managed-save virsh managedsave lab-qcow
step virtqemud edit-managed-save edit 's/<on_crash>[a-z]*/<on_crash>destroy/' managedsave-edit lab-qcow
step virtqemud define-managed-save managed
step virtqemud start-saved virsh start lab-qcow
step virtqemud destroy virsh destroy lab-qcow
step virtqemud start-anew virsh start lab-qcow
step virtqemud save virsh save lab-qcow $save
step virtqemud edit-saved edit 's/<on_crash>[a-z]*/<on_crash>restart/' save-image-edit $save
step virtqemud define-saved saved
step virtqemud restore virsh restore $save
step virtqemud destroy-restored virsh destroy lab-qcow
step virtqemud start-again virsh start lab-qcow
step virtqemud checkpoint virsh checkpoint-create lab-qcow /mnt/checkpoint-first.xml
step virtqemud second-checkpoint virsh checkpoint-create-as lab-qcow second
step virtqemud checkpoint-info virsh checkpoint-info lab-qcow second
step virtqemud checkpoint-xml virsh checkpoint-dumpxml lab-qcow first --size
step virtqemud parent-checkpoint virsh checkpoint-parent lab-qcow second
step virtqemud edit-checkpoint edit "$describe" checkpoint-edit lab-qcow second
step virtqemud delete-checkpoint virsh checkpoint-delete lab-qcow second
step virtqemud delete-first-checkpoint virsh checkpoint-delete lab-qcow first
step virtqemud destroy-last virsh destroy lab-qcow
step virtqemud undefine virsh undefine lab-qcow --snapshots-metadata --checkpoints-metadata --managed-save
step virtqemud clean-up sh -c 'rm -f /var/lib/libvirt/images/lab-qcow.* /var/lib/libvirt/qemu/save/lab-qcow.* /run/lab.xml /usr/local/bin/policytool-client'
