# SPDX-License-Identifier: GPL-2.0-or-later
# What virtnwfilterd has to refuse.
. /mnt/steps
URI=nwfilter:///system
refuse virtnwfilterd bad-xml 'XML\|parse' virsh nwfilter-define /mnt/bad.xml
refuse virtnwfilterd unknown-filter 'not found\|no nwfilter\|failed' virsh nwfilter-dumpxml lab-none
refuse virtnwfilterd loop 'loop' virsh nwfilter-define /mnt/filter-loop.xml
step virtnwfilterd define virsh nwfilter-define /mnt/filter-lab.xml
refuse virtnwfilterd name-in-use 'already\|exists' virsh nwfilter-define /mnt/filter-same-name.xml
step virtnwfilterd bind-ahead-of-the-interface virsh nwfilter-binding-create /mnt/binding-none.xml
step virtnwfilterd unbind virsh nwfilter-binding-delete labnone
refuse virtnwfilterd unknown-binding 'not found\|no nwfilter\|failed\|binding' virsh nwfilter-binding-dumpxml labnone
refuse virtnwfilterd read-only 'read only\|denied\|forbidden' virsh --readonly nwfilter-undefine lab-filter
step virtnwfilterd undefine virsh nwfilter-undefine lab-filter
