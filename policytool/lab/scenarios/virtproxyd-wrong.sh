# SPDX-License-Identifier: GPL-2.0-or-later
# What virtproxyd has to refuse, and what it passes on of what others refuse.
. /mnt/steps
URI='lab+unix:///system?mode=legacy'
refuse virtproxyd unknown-driver 'virtlabd-sock' virsh list
URI='vbox+unix:///system?mode=legacy'
refuse virtproxyd driver-that-refuses 'VirtualBox\|vbox\|driver' virsh list
URI='qemu+unix:///system?mode=legacy'
refuse virtproxyd bad-xml 'XML\|parse' virsh define /mnt/bad.xml
refuse virtproxyd unknown-guest 'failed to get\|not found' virsh dominfo lab-none
refuse virtproxyd unknown-network 'not found\|no network\|failed to get' virsh net-info lab-none
refuse virtproxyd write-read-only 'read only\|denied\|forbidden' virsh --readonly net-destroy default
refuse virtproxyd nobody-may-connect 'denied' nobody list
