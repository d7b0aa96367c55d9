# SPDX-License-Identifier: GPL-2.0-or-later
# Several guests at once, on pools, networks and filters of their own, through the restart of every daemon; a container beside them.
. /mnt/steps
URI=qemu:///system
# virtqemud last: it gives up a guest whose network's daemon goes away while it takes the guest up again.
all() { for name in virtnetworkd virtstoraged virtnwfilterd virtnodedevd virtsecretd virtlogd virtlxcd virtqemud; do systemctl restart $name.service || return 1; done; }
running() { [ "$(virsh list --name | grep -c lab)" = 3 ]; }
step virtstoraged pool virsh pool-create-as lab dir --target /var/lib/libvirt/images
step virtstoraged volume virsh vol-create-as lab lab-guest.qcow2 16M --format qcow2
step virtnetworkd network virsh net-create /mnt/net-nat.xml
step virtnetworkd second-network virsh net-create /mnt/net-isolated.xml
step virtnwfilterd filter virsh nwfilter-define /mnt/filter-lab.xml
step virtqemud first virsh create /mnt/guest.xml
step virtqemud second virsh create /mnt/guest-filter.xml
step virtqemud third virsh create /mnt/guest-small.xml
step virtlxcd container virsh -c lxc:///system create /mnt/container.xml
step virtqemud list virsh list --all --title
step virtnetworkd leases virsh net-dhcp-leases lab-nat
step virtnetworkd ports virsh net-port-list lab-nat
step virtstoraged refresh virsh pool-refresh lab
step virtnodedevd devices virsh nodedev-list --cap net
step virtqemud restart-all all
step virtqemud still-running poll 10 running
step virtlxcd container-runs virsh -c lxc:///system domstate lab-container
step virtproxyd through-the-proxy virsh -c 'qemu+unix:///system?mode=legacy' domstats --list-running
step virtnwfilterd bindings virsh nwfilter-binding-list
step virtqemud fourth virsh create /mnt/guest-vnc.xml
for guest in lab-vnc lab-small lab-filtered lab-guest; do step virtqemud "destroy-$guest" virsh destroy $guest; done
step virtlxcd destroy-container virsh -c lxc:///system destroy lab-container
step virtnwfilterd undefine-filter virsh nwfilter-undefine lab-filter
step virtnetworkd no-network virsh net-destroy lab-nat
step virtnetworkd no-second-network virsh net-destroy lab-isolated
step virtstoraged delete-volume virsh vol-delete lab-guest.qcow2 --pool lab
step virtstoraged no-pool virsh pool-destroy lab
