# SPDX-License-Identifier: GPL-2.0-or-later
# The life of virtnwfilterd: started by a client, reloaded, restarted, ended when idle, started again; its administration.
. /mnt/steps
URI=nwfilter:///system
step virtnwfilterd stop systemctl stop virtnwfilterd.service
step virtnwfilterd started-by-a-client virsh nwfilter-list
step virtnwfilterd is-running runs virtnwfilterd
step virtnwfilterd reload systemctl reload virtnwfilterd.service
step virtnwfilterd after-reload virsh nwfilter-list
step virtnwfilterd restart systemctl restart virtnwfilterd.service
step virtnwfilterd after-restart virsh nwfilter-list
step virtnwfilterd admin-servers admin virtnwfilterd srv-list
step virtnwfilterd admin-clients admin virtnwfilterd client-list virtnwfilterd
step virtnwfilterd admin-threads admin virtnwfilterd srv-threadpool-set virtnwfilterd --max-workers 24
step virtnwfilterd admin-log-filters admin virtnwfilterd daemon-log-filters '1:object'
refuse virtnwfilterd nobody-may-connect 'denied' nobody nwfilter-list
step virtnwfilterd read-only virsh --readonly nwfilter-list
step virtnwfilterd short-timeout arguments virtnwfilterd '--timeout 2'
step virtnwfilterd idle-exit poll 20 ended virtnwfilterd
step virtnwfilterd started-again virsh nwfilter-list
step virtnwfilterd usual-timeout arguments virtnwfilterd
