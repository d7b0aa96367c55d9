# SPDX-License-Identifier: GPL-2.0-or-later
# What virtqemud has to refuse.
. /mnt/steps
URI=qemu:///system
refuse virtqemud bad-xml 'XML\|parse' virsh define /mnt/bad.xml
refuse virtqemud unknown-guest 'failed to get\|not found' virsh start lab-none
step virtqemud define-without-image virsh define /mnt/guest-plain.xml
refuse virtqemud missing-image 'No such file\|Cannot access' virsh start lab-plain
refuse virtqemud uuid-in-use 'already exists\|uuid' virsh define /mnt/guest-same-uuid.xml
step virtqemud undefine-without-image virsh undefine lab-plain
