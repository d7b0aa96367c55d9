# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtinterfaced: started by a client, reloaded, restarted, ended when idle, started again; its administration.
. /mnt/steps
URI=interface:///system
step virtinterfaced stop systemctl stop virtinterfaced.service
step virtinterfaced started-by-a-client virsh iface-list --all
step virtinterfaced is-running runs virtinterfaced
step virtinterfaced reload systemctl reload virtinterfaced.service
step virtinterfaced after-reload virsh iface-list --all
step virtinterfaced restart systemctl restart virtinterfaced.service
step virtinterfaced after-restart virsh iface-list --all
step virtinterfaced admin-servers admin virtinterfaced srv-list
step virtinterfaced admin-clients admin virtinterfaced client-list virtinterfaced
step virtinterfaced admin-threads admin virtinterfaced srv-threadpool-set virtinterfaced --max-workers 24
step virtinterfaced admin-log-filters admin virtinterfaced daemon-log-filters '1:object'
refuse virtinterfaced nobody-may-connect 'denied' nobody iface-list --all
step virtinterfaced read-only virsh --readonly iface-list --all
step virtinterfaced short-timeout arguments virtinterfaced '--timeout 2'
step virtinterfaced idle-exit poll 20 ended virtinterfaced
step virtinterfaced started-again virsh iface-list --all
step virtinterfaced usual-timeout arguments virtinterfaced
