# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtsecretd (virt-admin): threads, limits of clients, a client thrown out, idle time, where and what it logs.
. /mnt/steps
URI='secret:///system'
log=/var/log/libvirt/lab-virtsecretd.log
step virtsecretd start systemctl start virtsecretd.service
step virtsecretd uri admin virtsecretd uri
step virtsecretd version admin virtsecretd version
step virtsecretd servers admin virtsecretd server-list
step virtsecretd threads admin virtsecretd server-threadpool-info virtsecretd
step virtsecretd set-threads admin virtsecretd server-threadpool-set virtsecretd --max-workers 22 --priority-workers 6
step virtsecretd limits admin virtsecretd server-clients-info virtsecretd
step virtsecretd set-limits admin virtsecretd server-clients-set virtsecretd --max-clients 4000 --max-unauth-clients 15
step virtsecretd throw-out throw_out virtsecretd virtsecretd
refuse virtsecretd unknown-client 'no client\|not found\|unable' admin virtsecretd client-info virtsecretd 4711
refuse virtsecretd no-certificates 'tls' admin virtsecretd server-update-tls virtsecretd
step virtsecretd idle-time admin virtsecretd daemon-timeout --timeout 240
step virtsecretd log-filters admin virtsecretd daemon-log-filters
step virtsecretd set-log-filters admin virtsecretd daemon-log-filters '1:rpc 3:event'
step virtsecretd log-outputs admin virtsecretd daemon-log-outputs
step virtsecretd log-to-a-file admin virtsecretd daemon-log-outputs "1:file:$log"
step virtsecretd is-logged admin virtsecretd client-list virtsecretd
step virtsecretd log-is-written test -s $log
step virtsecretd log-to-syslog admin virtsecretd daemon-log-outputs '2:syslog:lab'
step virtsecretd usual-log-outputs admin virtsecretd daemon-log-outputs ''
step virtsecretd usual-log-filters admin virtsecretd daemon-log-filters ''
refuse virtsecretd log-nowhere 'output\|open\|No such' admin virtsecretd daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtsecretd restart systemctl restart virtsecretd.service
step virtsecretd clean-up rm -f $log
