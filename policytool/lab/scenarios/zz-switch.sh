# SPDX-License-Identifier: GPL-2.0-or-later
# From the modular daemons to the monolithic libvirtd and back. Last by its name: it stops what the others need.
. /mnt/steps
URI='qemu+unix:///system?mode=legacy'
DRIVERS='virtqemud virtnetworkd virtstoraged virtnodedevd virtsecretd virtnwfilterd virtinterfaced virtlxcd virtvboxd virtxend'
sockets() { for name in $DRIVERS virtproxyd; do echo "$name.socket $name-ro.socket $name-admin.socket"; done; }
services() { for name in $DRIVERS virtproxyd; do echo "$name.service"; done; }
# shellcheck disable=SC2046
modular() { systemctl "$1" $(sockets); }
# shellcheck disable=SC2046
stop_modular() { systemctl stop $(sockets) $(services); }
monolith() { systemctl "$1" libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket; }
step libvirtd stop-modular stop_modular
step libvirtd start-sockets monolith start
step libvirtd started-by-a-client virsh list --all
step libvirtd is-running runs libvirtd
step libvirtd networks virsh net-list --all
step libvirtd create virsh create /mnt/guest-small.xml
step libvirtd restart systemctl restart libvirtd.service
step libvirtd still-running virsh domstate lab-small
step libvirtd destroy virsh destroy lab-small
step libvirtd stop-sockets monolith stop
step libvirtd stop systemctl stop libvirtd.service
step virtqemud start-modular modular start
URI=qemu:///system
step virtqemud started-by-a-client virsh list --all
step virtnetworkd still-up virsh net-info default
step virtproxyd started-by-a-client sh -c 'virsh -q -c "qemu+unix:///system?mode=legacy" list'
