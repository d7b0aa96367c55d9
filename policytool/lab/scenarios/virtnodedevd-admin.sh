# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtnodedevd (virt-admin): threads, limits of clients, a client thrown out, idle time, where and what it logs.
. /mnt/steps
URI='nodedev:///system'
log=/var/log/libvirt/lab-virtnodedevd.log
step virtnodedevd start systemctl start virtnodedevd.service
step virtnodedevd uri admin virtnodedevd uri
step virtnodedevd version admin virtnodedevd version
step virtnodedevd servers admin virtnodedevd server-list
step virtnodedevd threads admin virtnodedevd server-threadpool-info virtnodedevd
step virtnodedevd set-threads admin virtnodedevd server-threadpool-set virtnodedevd --max-workers 22 --priority-workers 6
step virtnodedevd limits admin virtnodedevd server-clients-info virtnodedevd
step virtnodedevd set-limits admin virtnodedevd server-clients-set virtnodedevd --max-clients 4000 --max-unauth-clients 15
step virtnodedevd throw-out throw_out virtnodedevd virtnodedevd
refuse virtnodedevd unknown-client 'no client\|not found\|unable' admin virtnodedevd client-info virtnodedevd 4711
refuse virtnodedevd no-certificates 'tls' admin virtnodedevd server-update-tls virtnodedevd
step virtnodedevd idle-time admin virtnodedevd daemon-timeout --timeout 240
step virtnodedevd log-filters admin virtnodedevd daemon-log-filters
step virtnodedevd set-log-filters admin virtnodedevd daemon-log-filters '1:rpc 3:event'
step virtnodedevd log-outputs admin virtnodedevd daemon-log-outputs
step virtnodedevd log-to-a-file admin virtnodedevd daemon-log-outputs "1:file:$log"
step virtnodedevd is-logged admin virtnodedevd client-list virtnodedevd
step virtnodedevd log-is-written test -s $log
step virtnodedevd log-to-syslog admin virtnodedevd daemon-log-outputs '2:syslog:lab'
step virtnodedevd usual-log-outputs admin virtnodedevd daemon-log-outputs ''
step virtnodedevd usual-log-filters admin virtnodedevd daemon-log-filters ''
refuse virtnodedevd log-nowhere 'output\|open\|No such' admin virtnodedevd daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtnodedevd restart systemctl restart virtnodedevd.service
step virtnodedevd clean-up rm -f $log
