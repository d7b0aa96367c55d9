# SPDX-License-Identifier: GPL-2.0-or-later
# Mediated devices on a machine that has none: mdevctl is asked, and what cannot be is refused.
. /mnt/steps
URI=nodedev:///system
step virtnodedevd mdev-list virsh nodedev-list --cap mdev
step virtnodedevd mdev-types virsh nodedev-list --cap mdev_types
step virtnodedevd mdev-inactive virsh nodedev-list --cap mdev --inactive
refuse virtnodedevd mdev-without-parent 'parent\|find' virsh nodedev-define /mnt/mdev.xml
refuse virtnodedevd mdev-create 'parent\|find' virsh nodedev-create /mnt/mdev.xml
refuse virtnodedevd mdev-start 'find' virsh nodedev-start mdev_3d3a7a3e_5a3f_4d6e_9a44_0d9d5f2f0009
step virtnodedevd restart systemctl restart virtnodedevd.service
step virtnodedevd after-restart virsh nodedev-list --cap mdev
