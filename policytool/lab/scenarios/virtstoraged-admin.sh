# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtstoraged (virt-admin): threads, limits of clients, a client thrown out, idle time, where and what it logs.
. /mnt/steps
URI='storage:///system'
log=/var/log/libvirt/lab-virtstoraged.log
step virtstoraged start systemctl start virtstoraged.service
step virtstoraged uri admin virtstoraged uri
step virtstoraged version admin virtstoraged version
step virtstoraged servers admin virtstoraged server-list
step virtstoraged threads admin virtstoraged server-threadpool-info virtstoraged
step virtstoraged set-threads admin virtstoraged server-threadpool-set virtstoraged --max-workers 22 --priority-workers 6
step virtstoraged limits admin virtstoraged server-clients-info virtstoraged
step virtstoraged set-limits admin virtstoraged server-clients-set virtstoraged --max-clients 4000 --max-unauth-clients 15
step virtstoraged throw-out throw_out virtstoraged virtstoraged
refuse virtstoraged unknown-client 'no client\|not found\|unable' admin virtstoraged client-info virtstoraged 4711
refuse virtstoraged no-certificates 'tls' admin virtstoraged server-update-tls virtstoraged
step virtstoraged idle-time admin virtstoraged daemon-timeout --timeout 240
step virtstoraged log-filters admin virtstoraged daemon-log-filters
step virtstoraged set-log-filters admin virtstoraged daemon-log-filters '1:rpc 3:event'
step virtstoraged log-outputs admin virtstoraged daemon-log-outputs
step virtstoraged log-to-a-file admin virtstoraged daemon-log-outputs "1:file:$log"
step virtstoraged is-logged admin virtstoraged client-list virtstoraged
step virtstoraged log-is-written test -s $log
step virtstoraged log-to-syslog admin virtstoraged daemon-log-outputs '2:syslog:lab'
step virtstoraged usual-log-outputs admin virtstoraged daemon-log-outputs ''
step virtstoraged usual-log-filters admin virtstoraged daemon-log-filters ''
refuse virtstoraged log-nowhere 'output\|open\|No such' admin virtstoraged daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtstoraged restart systemctl restart virtstoraged.service
step virtstoraged clean-up rm -f $log
