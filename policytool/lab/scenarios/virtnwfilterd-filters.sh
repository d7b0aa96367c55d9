# SPDX-License-Identifier: GPL-2.0-or-later
# Filters: the shipped ones, one of our own, over a restart.
. /mnt/steps
URI=nwfilter:///system
step virtnwfilterd list virsh nwfilter-list
step virtnwfilterd dumpxml virsh nwfilter-dumpxml clean-traffic
step virtnwfilterd define virsh nwfilter-define /mnt/filter-lab.xml
step virtnwfilterd redefine virsh nwfilter-define /mnt/filter-lab.xml
step virtnwfilterd own-dumpxml virsh nwfilter-dumpxml lab-filter
step virtnwfilterd restart systemctl restart virtnwfilterd.service
step virtnwfilterd still-there virsh nwfilter-dumpxml lab-filter
step virtnwfilterd bindings virsh nwfilter-binding-list
step virtnwfilterd undefine virsh nwfilter-undefine lab-filter
