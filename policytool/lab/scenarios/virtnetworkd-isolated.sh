# SPDX-License-Identifier: GPL-2.0-or-later
# An isolated network with DHCP hosts and DNS records, changed while it runs, started at boot.
. /mnt/steps
URI=network:///system
step virtnetworkd define-isolated virsh net-define /mnt/net-isolated.xml
step virtnetworkd autostart virsh net-autostart lab-isolated
step virtnetworkd start-isolated virsh net-start lab-isolated
HOST="<host mac='52:54:00:aa:bb:02' name='two' ip='192.168.211.12'/>"
step virtnetworkd add-host virsh net-update lab-isolated add ip-dhcp-host "$HOST" --live --config
step virtnetworkd remove-host virsh net-update lab-isolated delete ip-dhcp-host "$HOST" --live --config
RECORD="<host ip='192.168.211.30'><hostname>three</hostname></host>"
step virtnetworkd add-dns virsh net-update lab-isolated add dns-host "$RECORD" --live --config
step virtnetworkd no-autostart virsh net-autostart --disable lab-isolated
step virtnetworkd destroy-isolated virsh net-destroy lab-isolated
step virtnetworkd undefine-isolated virsh net-undefine lab-isolated
