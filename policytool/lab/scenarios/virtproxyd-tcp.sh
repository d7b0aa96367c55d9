# SPDX-License-Identifier: GPL-2.0-or-later
# Over TCP, without authentication, on the loopback.
. /mnt/steps
URI=qemu+tcp://127.0.0.1/system
listen() { systemctl stop virtproxyd.service && systemctl start virtproxyd-tcp.socket; }
deaf() { systemctl stop virtproxyd-tcp.socket virtproxyd.service; }
refuse virtproxyd nobody-listens 'refused' client list
step virtproxyd no-authentication setting virtproxyd 'auth_tcp = "none"'
step virtproxyd listen listen
step virtproxyd list client list --all
step virtproxyd capabilities client capabilities
step virtproxyd networks sh -c '/usr/local/bin/policytool-client -q -c network+tcp://127.0.0.1/system net-list --all'
step virtproxyd admin-clients admin libvirtd client-list virtproxyd
step virtproxyd reload systemctl reload virtproxyd.service
step virtproxyd after-reload client list
refuse virtproxyd unknown-driver 'virtlabd-sock' sh -c '/usr/local/bin/policytool-client -q -c lab+tcp://127.0.0.1/system list'
step virtproxyd deaf deaf
step virtproxyd usual-settings setting virtproxyd
step virtproxyd clean-up rm -f /usr/local/bin/policytool-client
