# SPDX-License-Identifier: GPL-2.0-or-later
# thin: Debian has no VirtualBox, so the daemon can only start and refuse.
. /mnt/steps
URI=vbox:///session
refuse virtvboxd session 'VirtualBox\|vbox\|driver' virsh list
URI=vbox:///system
refuse virtvboxd system 'VirtualBox\|vbox\|driver' virsh list
refuse virtvboxd define 'VirtualBox\|vbox\|driver' virsh define /mnt/guest-plain.xml
refuse virtvboxd nobody-may-connect 'denied' nobody list
