# SPDX-License-Identifier: GPL-2.0-or-later
# What virtnodedevd cannot do with devices that are no mediated ones.
. /mnt/steps
URI=nodedev:///system
device=pci_0000_00_00_0
step virtnodedevd info virsh nodedev-info $device
refuse virtnodedevd start 'active' virsh nodedev-start $device
refuse virtnodedevd undefine 'not defined\|unsupported' virsh nodedev-undefine $device
refuse virtnodedevd autostart 'unsupported\|transient' virsh nodedev-autostart $device
refuse virtnodedevd detach 'not supported' virsh nodedev-detach $device
refuse virtnodedevd reattach 'not supported' virsh nodedev-reattach $device
refuse virtnodedevd reset 'not supported' virsh nodedev-reset $device
refuse virtnodedevd create-port 'parent\|find\|vport' virsh nodedev-create /mnt/vport.xml
