# SPDX-License-Identifier: GPL-2.0-or-later
# thin: Debian has no VirtualBox, so the daemon can only start and refuse.
. /mnt/steps
log=/var/log/libvirt/lab-virtvboxd.log
step virtvboxd start systemctl start virtvboxd.service
step virtvboxd uri admin virtvboxd uri
step virtvboxd version admin virtvboxd version
step virtvboxd servers admin virtvboxd server-list
step virtvboxd threads admin virtvboxd server-threadpool-info virtvboxd
step virtvboxd set-threads admin virtvboxd server-threadpool-set virtvboxd --max-workers 22 --priority-workers 6
step virtvboxd limits admin virtvboxd server-clients-info virtvboxd
step virtvboxd set-limits admin virtvboxd server-clients-set virtvboxd --max-clients 4000 --max-unauth-clients 15
refuse virtvboxd unknown-client 'no client\|not found\|unable' admin virtvboxd client-info virtvboxd 4711
refuse virtvboxd no-certificates 'tls' admin virtvboxd server-update-tls virtvboxd
step virtvboxd idle-time admin virtvboxd daemon-timeout --timeout 240
step virtvboxd log-filters admin virtvboxd daemon-log-filters
step virtvboxd set-log-filters admin virtvboxd daemon-log-filters '1:rpc 3:event'
step virtvboxd log-outputs admin virtvboxd daemon-log-outputs
step virtvboxd log-to-a-file admin virtvboxd daemon-log-outputs "1:file:$log"
step virtvboxd is-logged admin virtvboxd client-list virtvboxd
step virtvboxd log-is-written test -s $log
step virtvboxd log-to-syslog admin virtvboxd daemon-log-outputs '2:syslog:lab'
step virtvboxd usual-log-outputs admin virtvboxd daemon-log-outputs ''
step virtvboxd usual-log-filters admin virtvboxd daemon-log-filters ''
refuse virtvboxd log-nowhere 'output\|open\|No such' admin virtvboxd daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtvboxd restart systemctl restart virtvboxd.service
step virtvboxd clean-up rm -f $log
