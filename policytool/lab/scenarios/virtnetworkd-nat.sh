# SPDX-License-Identifier: GPL-2.0-or-later
# A NAT network with DHCP: bridge, dnsmasq, firewall rules; over a restart of the daemon.
. /mnt/steps
URI=network:///system
running() { pgrep -f 'dnsmasq.*lab-nat' >/dev/null; }
step virtnetworkd list virsh net-list --all
step virtnetworkd define-nat virsh net-define /mnt/net-nat.xml
step virtnetworkd start-nat virsh net-start lab-nat
step virtnetworkd dnsmasq-runs poll 20 running
step virtnetworkd bridge-is-up ip link show labbr0
step virtnetworkd dumpxml virsh net-dumpxml lab-nat
step virtnetworkd leases virsh net-dhcp-leases lab-nat
step virtnetworkd restart-with-network systemctl restart virtnetworkd.service
step virtnetworkd still-active virsh net-info lab-nat
step virtnetworkd destroy-nat virsh net-destroy lab-nat
step virtnetworkd undefine-nat virsh net-undefine lab-nat
