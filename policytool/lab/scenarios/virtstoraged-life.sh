# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtstoraged: started by a client, reloaded, restarted, ended when idle, started again; its administration.
. /mnt/steps
URI=storage:///system
step virtstoraged stop systemctl stop virtstoraged.service
step virtstoraged started-by-a-client virsh pool-list --all
step virtstoraged is-running runs virtstoraged
step virtstoraged reload systemctl reload virtstoraged.service
step virtstoraged after-reload virsh pool-list --all
step virtstoraged restart systemctl restart virtstoraged.service
step virtstoraged after-restart virsh pool-list --all
step virtstoraged admin-servers admin virtstoraged srv-list
step virtstoraged admin-clients admin virtstoraged client-list virtstoraged
step virtstoraged admin-threads admin virtstoraged srv-threadpool-set virtstoraged --max-workers 24
step virtstoraged admin-log-filters admin virtstoraged daemon-log-filters '1:object'
refuse virtstoraged nobody-may-connect 'denied' nobody pool-list --all
step virtstoraged read-only virsh --readonly pool-list --all
step virtstoraged short-timeout arguments virtstoraged '--timeout 2'
step virtstoraged idle-exit poll 20 ended virtstoraged
step virtstoraged started-again virsh pool-list --all
step virtstoraged usual-timeout arguments virtstoraged
