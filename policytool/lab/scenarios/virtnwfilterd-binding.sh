# SPDX-License-Identifier: GPL-2.0-or-later
# A filter bound to an interface by hand, without a guest.
. /mnt/steps
URI=nwfilter:///system
rules() { ebtables -t nat -L | grep -q labtap0; }
step virtnwfilterd make-interface ip tuntap add labtap0 mode tap
step virtnwfilterd bind virsh nwfilter-binding-create /mnt/binding-tap.xml
step virtnwfilterd rules rules
step virtnwfilterd list virsh nwfilter-binding-list
step virtnwfilterd dumpxml virsh nwfilter-binding-dumpxml labtap0
refuse virtnwfilterd bind-twice 'already\|exists' virsh nwfilter-binding-create /mnt/binding-tap.xml
step virtnwfilterd reload systemctl reload virtnwfilterd.service
step virtnwfilterd unbind virsh nwfilter-binding-delete labtap0
step virtnwfilterd drop-interface ip link delete labtap0
