# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtproxyd: started by a client, reloaded, restarted, ended when idle, started again; its administration.
. /mnt/steps
URI='qemu+unix:///system?mode=legacy'
step virtproxyd stop systemctl stop virtproxyd.service
step virtproxyd started-by-a-client virsh list
step virtproxyd is-running runs virtproxyd
step virtproxyd reload systemctl reload virtproxyd.service
step virtproxyd after-reload virsh list
step virtproxyd restart systemctl restart virtproxyd.service
step virtproxyd after-restart virsh list
step virtproxyd admin-servers admin libvirtd srv-list
step virtproxyd admin-clients admin libvirtd client-list virtproxyd
step virtproxyd admin-limits admin libvirtd srv-clients-set virtproxyd --max-clients 4000
refuse virtproxyd nobody-may-connect 'denied' nobody list
step virtproxyd read-only virsh --readonly list
step virtproxyd short-timeout arguments virtproxyd '--timeout 2'
step virtproxyd idle-exit poll 20 ended virtproxyd
step virtproxyd started-again virsh list
step virtproxyd usual-timeout arguments virtproxyd
