# SPDX-License-Identifier: GPL-2.0-or-later
# The host's devices: as a list, as a tree, by capability, as XML.
. /mnt/steps
URI=nodedev:///system
each() { # CAPABILITY: the XML of every device with it; there has to be one
    found=$(virsh nodedev-list --cap "$1") && [ -n "$found" ] || return 1
    for device in $found; do virsh nodedev-dumpxml "$device" || return; done
}
step virtnodedevd list virsh nodedev-list
step virtnodedevd tree virsh nodedev-list --tree
step virtnodedevd computer virsh nodedev-dumpxml computer
step virtnodedevd pci each pci
step virtnodedevd net each net
step virtnodedevd storage each storage
step virtnodedevd inactive virsh nodedev-list --inactive
step virtnodedevd info virsh nodedev-info computer
