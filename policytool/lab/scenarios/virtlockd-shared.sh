# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that two guests share; leases as files of a folder, by hash, instead of locks on the images themselves.
. /mnt/steps
URI=qemu:///system
folder=/var/lib/libvirt/lockd/files
lease() { [ -n "$(ls $folder)" ]; }
step virtlockd make-disk truncate -s 4M /var/lib/libvirt/images/lab-share.img
step virtlockd make-other-disk truncate -s 4M /var/lib/libvirt/images/lab-lock.img
step virtlockd make-folder sh -c 'mkdir -p /var/lib/libvirt/lockd/files && restorecon -R /var/lib/libvirt/lockd'
step virtqemud lock-manager setting qemu 'lock_manager = "lockd"'
step virtqemud leases setting qemu-lockd "file_lockspace_dir = \"$folder\""
step virtqemud restart systemctl restart virtqemud.service
step virtqemud create-a virsh create /mnt/guest-share-a.xml
step virtqemud create-b virsh create /mnt/guest-share-b.xml
step virtqemud create-alone virsh create /mnt/guest-lock-a.xml
step virtlockd lease lease
refuse virtlockd second-alone 'lock\|busy' virsh create /mnt/guest-lock-b.xml
step virtqemud destroy-a virsh destroy lab-share-a
step virtqemud destroy-b virsh destroy lab-share-b
step virtqemud destroy-alone virsh destroy lab-lock-a
step virtqemud no-leases setting qemu-lockd
step virtqemud no-lock-manager setting qemu
step virtqemud restart-without systemctl restart virtqemud.service
step virtlockd restart systemctl restart virtlockd.service
step virtlockd clean-up rm -rf $folder /var/lib/libvirt/images/lab-share.img /var/lib/libvirt/images/lab-lock.img
