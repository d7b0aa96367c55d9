# SPDX-License-Identifier: GPL-2.0-or-later
# A LUKS volume: virtstoraged and virtqemud ask virtsecretd for its key.
. /mnt/steps
URI=storage:///system
UUID=3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0004
step virtsecretd define-key virsh secret-define /mnt/secret-luks.xml
step virtstoraged pool virsh pool-create-as labluks dir --target /var/lib/libvirt/images
refuse virtstoraged key-without-value 'secret' virsh vol-create labluks /mnt/volume-luks.xml
step virtsecretd set-key virsh secret-set-value $UUID --base64 c3ludGhldGljLWtleQ==
step virtstoraged create-encrypted virsh vol-create labluks /mnt/volume-luks.xml
step virtstoraged volume-xml virsh vol-dumpxml lab-luks.img --pool labluks
step virtstoraged resize-encrypted virsh vol-resize lab-luks.img 6M --pool labluks
step virtqemud start-encrypted virsh -c qemu:///system create /mnt/guest-luks.xml
step virtqemud state-encrypted virsh -c qemu:///system domstate lab-luks
step virtqemud destroy-encrypted virsh -c qemu:///system destroy lab-luks
step virtstoraged delete-encrypted virsh vol-delete lab-luks.img --pool labluks
step virtstoraged no-pool virsh pool-destroy labluks
step virtsecretd undefine-key virsh secret-undefine $UUID
