# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtnwfilterd (virt-admin): threads, limits of clients, a client thrown out, idle time, where and what it logs.
. /mnt/steps
URI='nwfilter:///system'
log=/var/log/libvirt/lab-virtnwfilterd.log
step virtnwfilterd start systemctl start virtnwfilterd.service
step virtnwfilterd uri admin virtnwfilterd uri
step virtnwfilterd version admin virtnwfilterd version
step virtnwfilterd servers admin virtnwfilterd server-list
step virtnwfilterd threads admin virtnwfilterd server-threadpool-info virtnwfilterd
step virtnwfilterd set-threads admin virtnwfilterd server-threadpool-set virtnwfilterd --max-workers 22 --priority-workers 6
step virtnwfilterd limits admin virtnwfilterd server-clients-info virtnwfilterd
step virtnwfilterd set-limits admin virtnwfilterd server-clients-set virtnwfilterd --max-clients 4000 --max-unauth-clients 15
step virtnwfilterd throw-out throw_out virtnwfilterd virtnwfilterd
refuse virtnwfilterd unknown-client 'no client\|not found\|unable' admin virtnwfilterd client-info virtnwfilterd 4711
refuse virtnwfilterd no-certificates 'tls' admin virtnwfilterd server-update-tls virtnwfilterd
step virtnwfilterd idle-time admin virtnwfilterd daemon-timeout --timeout 240
step virtnwfilterd log-filters admin virtnwfilterd daemon-log-filters
step virtnwfilterd set-log-filters admin virtnwfilterd daemon-log-filters '1:rpc 3:event'
step virtnwfilterd log-outputs admin virtnwfilterd daemon-log-outputs
step virtnwfilterd log-to-a-file admin virtnwfilterd daemon-log-outputs "1:file:$log"
step virtnwfilterd is-logged admin virtnwfilterd client-list virtnwfilterd
step virtnwfilterd log-is-written test -s $log
step virtnwfilterd log-to-syslog admin virtnwfilterd daemon-log-outputs '2:syslog:lab'
step virtnwfilterd usual-log-outputs admin virtnwfilterd daemon-log-outputs ''
step virtnwfilterd usual-log-filters admin virtnwfilterd daemon-log-filters ''
refuse virtnwfilterd log-nowhere 'output\|open\|No such' admin virtnwfilterd daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtnwfilterd restart systemctl restart virtnwfilterd.service
step virtnwfilterd clean-up rm -f $log
