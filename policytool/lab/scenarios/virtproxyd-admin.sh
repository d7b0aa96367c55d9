# SPDX-License-Identifier: GPL-2.0-or-later
# The administration of virtproxyd (virt-admin): threads, limits of clients, a client thrown out, idle time, where and what it logs.
. /mnt/steps
URI='qemu+unix:///system?mode=legacy'
log=/var/log/libvirt/lab-virtproxyd.log
step virtproxyd start systemctl start virtproxyd.service
step virtproxyd uri admin libvirtd uri
step virtproxyd version admin libvirtd version
step virtproxyd servers admin libvirtd server-list
step virtproxyd threads admin libvirtd server-threadpool-info virtproxyd
step virtproxyd set-threads admin libvirtd server-threadpool-set virtproxyd --max-workers 22 --priority-workers 6
step virtproxyd limits admin libvirtd server-clients-info virtproxyd
step virtproxyd set-limits admin libvirtd server-clients-set virtproxyd --max-clients 4000 --max-unauth-clients 15
step virtproxyd throw-out throw_out libvirtd virtproxyd
refuse virtproxyd unknown-client 'no client\|not found\|unable' admin libvirtd client-info virtproxyd 4711
refuse virtproxyd no-certificates 'tls' admin libvirtd server-update-tls virtproxyd
step virtproxyd idle-time admin libvirtd daemon-timeout --timeout 240
step virtproxyd log-filters admin libvirtd daemon-log-filters
step virtproxyd set-log-filters admin libvirtd daemon-log-filters '1:rpc 3:event'
step virtproxyd log-outputs admin libvirtd daemon-log-outputs
step virtproxyd log-to-a-file admin libvirtd daemon-log-outputs "1:file:$log"
step virtproxyd is-logged admin libvirtd client-list virtproxyd
step virtproxyd log-is-written test -s $log
step virtproxyd log-to-syslog admin libvirtd daemon-log-outputs '2:syslog:lab'
step virtproxyd usual-log-outputs admin libvirtd daemon-log-outputs ''
step virtproxyd usual-log-filters admin libvirtd daemon-log-filters ''
refuse virtproxyd log-nowhere 'output\|open\|No such' admin libvirtd daemon-log-outputs '1:file:/var/log/lab-none/log'
step virtproxyd restart systemctl restart virtproxyd.service
step virtproxyd clean-up rm -f $log
