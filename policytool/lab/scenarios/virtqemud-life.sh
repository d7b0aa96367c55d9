# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtqemud: started by a client, reloaded, restarted, ended when idle, started again; its administration.
. /mnt/steps
URI=qemu:///system
step virtqemud stop systemctl stop virtqemud.service
step virtqemud started-by-a-client virsh list --all
step virtqemud is-running runs virtqemud
step virtqemud reload systemctl reload virtqemud.service
step virtqemud after-reload virsh list --all
step virtqemud restart systemctl restart virtqemud.service
step virtqemud after-restart virsh list --all
step virtqemud admin-servers admin virtqemud srv-list
step virtqemud admin-clients admin virtqemud client-list virtqemud
step virtqemud admin-threads admin virtqemud srv-threadpool-set virtqemud --max-workers 24
step virtqemud admin-log-filters admin virtqemud daemon-log-filters '1:object'
refuse virtqemud nobody-may-connect 'denied' nobody list --all
step virtqemud read-only virsh --readonly list --all
step virtqemud short-timeout arguments virtqemud '--timeout 2'
step virtqemud idle-exit poll 20 ended virtqemud
step virtqemud started-again virsh list --all
step virtqemud usual-timeout arguments virtqemud
