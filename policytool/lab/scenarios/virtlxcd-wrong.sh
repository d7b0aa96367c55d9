# SPDX-License-Identifier: GPL-2.0-or-later
# What virtlxcd has to refuse.
. /mnt/steps
URI=lxc:///system
refuse virtlxcd bad-xml 'XML\|parse' virsh define /mnt/bad.xml
refuse virtlxcd unknown-container 'failed to get\|not found' virsh start lab-none
refuse virtlxcd other-driver 'type\|driver\|unexpected' virsh define /mnt/guest-plain.xml
refuse virtlxcd no-init 'init\|No such file\|failed' virsh create /mnt/container-no-init.xml
step virtlxcd define virsh define /mnt/container.xml
refuse virtlxcd uuid-in-use 'already exists\|uuid' virsh define /mnt/container-same-uuid.xml
refuse virtlxcd not-running 'not running' virsh suspend lab-container
refuse virtlxcd save 'not supported' virsh save lab-container /var/lib/libvirt/lab.save
refuse virtlxcd read-only 'read only\|denied\|forbidden' virsh --readonly start lab-container
step virtlxcd start virsh start lab-container
refuse virtlxcd already-running 'already' virsh start lab-container
refuse virtlxcd no-network 'not found\|no network' virsh attach-interface lab-container network lab-none --live
step virtlxcd destroy virsh destroy lab-container
step virtlxcd undefine virsh undefine lab-container
