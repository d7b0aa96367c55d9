# SPDX-License-Identifier: GPL-2.0-or-later
# A filter that is edited, alone and while it is bound.
. /mnt/steps
URI=nwfilter:///system
rule() { ebtables -t nat -L | grep -q "$1"; }
step virtnwfilterd define virsh nwfilter-define /mnt/filter-lab.xml
step virtnwfilterd edit edit 's/dstportstart=.22./dstportstart="23"/' nwfilter-edit lab-filter
step virtnwfilterd is-edited sh -c 'virsh -q -c nwfilter:///system nwfilter-dumpxml lab-filter | grep -q "dstportstart=.23"'
step virtnwfilterd make-interface ip tuntap add labtap1 mode tap
step virtnwfilterd bind virsh nwfilter-binding-create /mnt/binding-lab.xml
step virtnwfilterd edit-while-bound edit 's/dstportstart=.23./dstportstart="24"/' nwfilter-edit lab-filter
step virtnwfilterd rules rule labtap1
step virtnwfilterd unbind virsh nwfilter-binding-delete labtap1
step virtnwfilterd drop-interface ip link delete labtap1
step virtnwfilterd undefine virsh nwfilter-undefine lab-filter
step virtnwfilterd clean-up rm -f /usr/local/bin/policytool-client
