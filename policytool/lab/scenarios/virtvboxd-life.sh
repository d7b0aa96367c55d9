# SPDX-License-Identifier: GPL-2.0-or-later
# thin: Debian has no VirtualBox, so the daemon can only start and refuse.
. /mnt/steps
URI=vbox:///system
step virtvboxd short-timeout arguments virtvboxd '--timeout 2'
step virtvboxd idle-exit poll 20 ended virtvboxd
refuse virtvboxd started-by-a-client 'VirtualBox\|vbox\|driver' virsh list
step virtvboxd usual-timeout arguments virtvboxd
step virtvboxd admin-log-filters admin virtvboxd daemon-log-filters '1:object'
