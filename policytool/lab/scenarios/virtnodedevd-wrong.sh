# SPDX-License-Identifier: GPL-2.0-or-later
# What virtnodedevd has to refuse.
. /mnt/steps
URI=nodedev:///system
refuse virtnodedevd unknown-device 'find\|not found' virsh nodedev-dumpxml lab_none
refuse virtnodedevd bad-xml 'XML\|parse' virsh nodedev-create /mnt/bad.xml
refuse virtnodedevd destroy-computer 'vport\|unsupported\|not supported\|operation' virsh nodedev-destroy computer
refuse virtnodedevd unknown-capability 'capability' virsh nodedev-list --cap lab-none
