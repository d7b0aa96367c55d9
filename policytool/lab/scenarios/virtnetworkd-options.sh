# SPDX-License-Identifier: GPL-2.0-or-later
# What dnsmasq can be told: DNS records, forwarders, TFTP, boot, leases, options of its own; changes while it runs.
. /mnt/steps
URI=network:///system
update() { virsh net-update lab-options "$@" --live; }
step virtnetworkd create virsh net-create /mnt/net-options.xml
step virtnetworkd dnsmasq-runs poll 20 pgrep -f 'dnsmasq.*lab-options'
step virtnetworkd options grep -q dhcp-option /var/lib/libvirt/dnsmasq/lab-options.conf
step virtnetworkd add-txt update add dns-txt "<txt name='more' value='synthetic'/>"
step virtnetworkd add-srv update add dns-srv "<srv service='sip' protocol='udp' domain='lab.invalid' target='two.lab.invalid' port='5060'/>"
step virtnetworkd remove-txt update delete dns-txt "<txt name='more'/>"
step virtnetworkd add-range update add ip-dhcp-range "<range start='192.168.214.40' end='192.168.214.50'/>"
step virtnetworkd change-host update modify ip-dhcp-host "<host mac='52:54:00:aa:bb:05' name='five' ip='192.168.214.16'/>"
step virtnetworkd add-portgroup update add portgroup "<portgroup name='lab'/>"
step virtnetworkd reload systemctl reload virtnetworkd.service
step virtnetworkd after-reload virsh net-dumpxml lab-options
step virtnetworkd leases virsh net-dhcp-leases lab-options
step virtnetworkd destroy virsh net-destroy lab-options
