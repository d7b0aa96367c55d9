# SPDX-License-Identifier: GPL-2.0-or-later
# What virtinterfaced has to refuse: with udev behind it, it changes nothing.
. /mnt/steps
URI=interface:///system
refuse virtinterfaced unknown-interface 'find\|no interface' virsh iface-dumpxml labnone
refuse virtinterfaced unknown-mac 'find\|no interface' virsh iface-name 52:54:00:ff:ff:ff
refuse virtinterfaced define 'not supported' virsh iface-define /mnt/iface-dummy.xml
refuse virtinterfaced bad-xml 'not supported\|XML' virsh iface-define /mnt/bad.xml
refuse virtinterfaced destroy 'not supported' virsh iface-destroy lo
refuse virtinterfaced begin 'not supported' virsh iface-begin
