# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's state put on disk and brought back: managed, compressed, edited; dumps of its memory.
. /mnt/steps
URI=qemu:///system
images=/var/lib/libvirt/images
save=/var/lib/libvirt/qemu/save/lab-qcow.save
dump=/var/lib/libvirt/qemu/dump
compress() { setting qemu 'save_image_format = "gzip"' && echo 'dump_image_format = "xz" # policytool' >>/etc/libvirt/qemu.conf; }
step virtqemud make-disk qemu-img create -q -f qcow2 $images/lab-qcow.qcow2 8M
step virtqemud label-disk restorecon -R $images
step virtqemud define virsh define /mnt/guest-qcow.xml
step virtqemud start virsh start lab-qcow
step virtqemud managed-save virsh managedsave lab-qcow
step virtqemud managed-save-xml virsh managedsave-dumpxml lab-qcow
step virtqemud start-saved virsh start lab-qcow
step virtqemud managed-save-again virsh managedsave lab-qcow --bypass-cache
step virtqemud managed-save-remove virsh managedsave-remove lab-qcow
step virtqemud start-anew virsh start lab-qcow
step virtqemud dump-live virsh dump lab-qcow $dump/lab-qcow.live --live
# QEMU cannot save a guest that an earlier dump or save has stopped: another one is started.
step virtqemud destroy virsh destroy lab-qcow
step virtqemud compress compress
step virtqemud restart systemctl restart virtqemud.service
step virtqemud start-afresh virsh start lab-qcow
step virtqemud save-compressed virsh save lab-qcow $save
step virtqemud saved-xml virsh save-image-dumpxml $save
step virtqemud restore-compressed virsh restore $save
step virtqemud destroy-restored virsh destroy lab-qcow
step virtqemud start-for-dump virsh start lab-qcow
step virtqemud dump-compressed virsh dump lab-qcow $dump/lab-qcow.xz --memory-only
step virtqemud dump-and-crash virsh dump lab-qcow $dump/lab-qcow.crash --crash
step virtqemud state-crashed sh -c 'virsh -q -c qemu:///system domstate lab-qcow --reason'
step virtqemud usual-format setting qemu
step virtqemud restart-usual systemctl restart virtqemud.service
step virtqemud undefine virsh undefine lab-qcow --managed-save
step virtqemud clean-up sh -c 'rm -f /var/lib/libvirt/images/lab-qcow.* /var/lib/libvirt/qemu/save/lab-qcow.* /var/lib/libvirt/qemu/dump/lab-qcow.*'
