# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtnodedevd: started by a client, reloaded, restarted, ended when idle, started again; its administration.
. /mnt/steps
URI=nodedev:///system
step virtnodedevd stop systemctl stop virtnodedevd.service
step virtnodedevd started-by-a-client virsh nodedev-list
step virtnodedevd is-running runs virtnodedevd
step virtnodedevd reload systemctl reload virtnodedevd.service
step virtnodedevd after-reload virsh nodedev-list
step virtnodedevd restart systemctl restart virtnodedevd.service
step virtnodedevd after-restart virsh nodedev-list
step virtnodedevd admin-servers admin virtnodedevd srv-list
step virtnodedevd admin-clients admin virtnodedevd client-list virtnodedevd
step virtnodedevd admin-threads admin virtnodedevd srv-threadpool-set virtnodedevd --max-workers 24
step virtnodedevd admin-log-filters admin virtnodedevd daemon-log-filters '1:object'
refuse virtnodedevd nobody-may-connect 'denied' nobody nodedev-list
step virtnodedevd read-only virsh --readonly nodedev-list
step virtnodedevd short-timeout arguments virtnodedevd '--timeout 2'
step virtnodedevd idle-exit poll 20 ended virtnodedevd
step virtnodedevd started-again virsh nodedev-list
step virtnodedevd usual-timeout arguments virtnodedevd
