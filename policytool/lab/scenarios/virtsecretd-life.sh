# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtsecretd: started by a client, reloaded, restarted, ended when idle, started again; its administration.
. /mnt/steps
URI=secret:///system
step virtsecretd stop systemctl stop virtsecretd.service
step virtsecretd started-by-a-client virsh secret-list
step virtsecretd is-running runs virtsecretd
step virtsecretd reload systemctl reload virtsecretd.service
step virtsecretd after-reload virsh secret-list
step virtsecretd restart systemctl restart virtsecretd.service
step virtsecretd after-restart virsh secret-list
step virtsecretd admin-servers admin virtsecretd srv-list
step virtsecretd admin-clients admin virtsecretd client-list virtsecretd
step virtsecretd admin-threads admin virtsecretd srv-threadpool-set virtsecretd --max-workers 24
step virtsecretd admin-log-filters admin virtsecretd daemon-log-filters '1:object'
refuse virtsecretd nobody-may-connect 'denied' nobody secret-list
step virtsecretd read-only virsh --readonly secret-list
step virtsecretd short-timeout arguments virtsecretd '--timeout 2'
step virtsecretd idle-exit poll 20 ended virtsecretd
step virtsecretd started-again virsh secret-list
step virtsecretd usual-timeout arguments virtsecretd
