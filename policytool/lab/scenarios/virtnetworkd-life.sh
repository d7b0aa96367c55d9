# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtnetworkd: started by a client, reloaded, restarted, ended when idle, started again; its administration.
. /mnt/steps
URI=network:///system
step virtnetworkd stop systemctl stop virtnetworkd.service
step virtnetworkd started-by-a-client virsh net-list --all
step virtnetworkd is-running runs virtnetworkd
step virtnetworkd reload systemctl reload virtnetworkd.service
step virtnetworkd after-reload virsh net-list --all
step virtnetworkd restart systemctl restart virtnetworkd.service
step virtnetworkd after-restart virsh net-list --all
step virtnetworkd admin-servers admin virtnetworkd srv-list
step virtnetworkd admin-clients admin virtnetworkd client-list virtnetworkd
step virtnetworkd admin-threads admin virtnetworkd srv-threadpool-set virtnetworkd --max-workers 24
step virtnetworkd admin-log-filters admin virtnetworkd daemon-log-filters '1:object'
refuse virtnetworkd nobody-may-connect 'denied' nobody net-list --all
step virtnetworkd read-only virsh --readonly net-list --all
# A network that is up keeps the daemon; so virbr0 has to go for a while.
step virtnetworkd default-goes virsh net-destroy default
step virtnetworkd short-timeout arguments virtnetworkd '--timeout 2'
step virtnetworkd idle-exit poll 20 ended virtnetworkd
step virtnetworkd started-again virsh net-list --all
step virtnetworkd usual-timeout arguments virtnetworkd
step virtnetworkd default-comes virsh net-start default
