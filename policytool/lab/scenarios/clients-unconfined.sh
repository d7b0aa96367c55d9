# SPDX-License-Identifier: GPL-2.0-or-later
# An administrator's shell is the client, in unconfined_t, as on most hosts: each daemon looks its client up in /proc.
. /mnt/steps

shell() { runcon -u unconfined_u -r unconfined_r -t unconfined_t -l s0-s0:c0.c1023 "$@"; }
client() { shell virsh --quiet --connect "$URI" "$@"; }
see() { shell virsh --quiet --readonly --connect "$URI" "$@"; }
admin() { whose=$1 && shift && shell virt-admin --quiet --connect "$whose:///system" "$@"; }
legacy() { URI="$1+unix:///system?mode=legacy" && shift && client "$@"; }

URI=qemu:///system
step virtqemud define client define /mnt/guest-small.xml
step virtqemud start client start lab-small
step virtqemud look see domstats lab-small
step virtqemud save client save lab-small /var/tmp/lab-small.saved
step virtqemud restore client restore /var/tmp/lab-small.saved
step virtqemud destroy client destroy lab-small
step virtqemud undefine client undefine lab-small
step virtqemud clean-up rm -f /var/tmp/lab-small.saved
URI=network:///system
step virtnetworkd define client net-define /mnt/net-isolated.xml
step virtnetworkd start client net-start lab-isolated
step virtnetworkd look see net-dumpxml lab-isolated
step virtnetworkd destroy client net-destroy lab-isolated
step virtnetworkd undefine client net-undefine lab-isolated
URI=storage:///system
step virtstoraged define client pool-define-as lab-shell dir --target /var/lib/libvirt/images
step virtstoraged start client pool-start lab-shell
step virtstoraged look see vol-list lab-shell
step virtstoraged destroy client pool-destroy lab-shell
step virtstoraged undefine client pool-undefine lab-shell
URI=nodedev:///system
step virtnodedevd list client nodedev-list
step virtnodedevd look see nodedev-dumpxml computer
URI=secret:///system
step virtsecretd define client secret-define /mnt/secret-keep.xml
step virtsecretd look see secret-list
step virtsecretd undefine client secret-undefine 3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0001
URI=nwfilter:///system
step virtnwfilterd define client nwfilter-define /mnt/filter-lab.xml
step virtnwfilterd look see nwfilter-list
step virtnwfilterd undefine client nwfilter-undefine lab-filter
URI=interface:///system
step virtinterfaced list client iface-list --all
step virtinterfaced look see iface-list
URI=lxc:///system
step virtlxcd define client define /mnt/container.xml
step virtlxcd look see dominfo lab-container
step virtlxcd undefine client undefine lab-container
URI=vbox:///system
refuse virtvboxd no-driver 'VirtualBox\|vbox\|driver' client list
URI=xen:///system
step virtxend without-its-condition condition virtxend none
refuse virtxend no-driver 'reset\|end of file\|broken pipe' client list
step virtxend with-its-condition condition virtxend
step virtproxyd guests legacy qemu list --all
step virtproxyd networks legacy network net-list --all
step virtproxyd look shell virsh -q -r -c 'qemu+unix:///system?mode=legacy' list --all
step virtqemud servers admin virtqemud server-list
step virtnetworkd servers admin virtnetworkd server-list
step virtstoraged servers admin virtstoraged server-list
step virtnodedevd servers admin virtnodedevd server-list
step virtsecretd servers admin virtsecretd server-list
step virtnwfilterd servers admin virtnwfilterd server-list
step virtinterfaced servers admin virtinterfaced server-list
step virtlxcd servers admin virtlxcd server-list
step virtlogd servers admin virtlogd server-list
step virtlockd servers admin virtlockd server-list
