# SPDX-License-Identifier: GPL-2.0-or-later
# thin: this machine is no Xen dom0; the daemon starts without its condition, and refuses.
. /mnt/steps
URI=xen:///system
step virtxend without-its-condition condition virtxend none
refuse virtxend list 'driver' virsh list
refuse virtxend define 'driver' virsh define /mnt/guest-plain.xml
refuse virtxend nobody-may-connect 'denied' nobody list
step virtxend stop systemctl stop virtxend.service
step virtxend with-its-condition condition virtxend
