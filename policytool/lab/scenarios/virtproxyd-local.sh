# SPDX-License-Identifier: GPL-2.0-or-later
# The socket that was libvirtd's: virtproxyd passes on what every driver is asked.
. /mnt/steps
legacy() { driver=$1; shift; URI="$driver+unix:///system?mode=legacy" && virsh "$@"; }
step virtproxyd version legacy qemu version --daemon
step virtproxyd qemu legacy qemu list --all
step virtproxyd networks legacy network net-list --all
step virtproxyd pools legacy storage pool-list --all
step virtproxyd secrets legacy secret secret-list
step virtproxyd devices legacy nodedev nodedev-list
step virtproxyd interfaces legacy interface iface-list
step virtproxyd filters legacy nwfilter nwfilter-list
step virtproxyd containers legacy lxc list --all
step virtproxyd networks-of-qemu legacy qemu net-list --all
step virtproxyd read-only sh -c 'virsh -q -r -c "qemu+unix:///system?mode=legacy" list --all'
step virtproxyd define legacy network net-define /mnt/net-isolated.xml
step virtproxyd start legacy network net-start lab-isolated
step virtproxyd destroy legacy network net-destroy lab-isolated
step virtproxyd undefine legacy network net-undefine lab-isolated
step virtproxyd create-guest legacy qemu create /mnt/guest-small.xml
step virtproxyd destroy-guest legacy qemu destroy lab-small
