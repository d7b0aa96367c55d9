# SPDX-License-Identifier: GPL-2.0-or-later
# From the modular daemons to the monolithic libvirtd and back, each across a boot.
. /mnt/steps
. /mnt/boots
DRIVERS='virtqemud virtnetworkd virtstoraged virtnodedevd virtsecretd virtnwfilterd virtinterfaced virtlxcd virtvboxd virtxend'
sockets() { for name in $DRIVERS virtproxyd; do echo "$name.socket $name-ro.socket $name-admin.socket"; done; }
# shellcheck disable=SC2046
modular() { systemctl --quiet "$1" $(sockets); }
monolith() { systemctl --quiet "$1" libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket; }
case $boot in
0)
    step virtqemud disable-modular modular disable
    step libvirtd enable monolith enable
    reboot
    ;;
1)
    URI='qemu+unix:///system?mode=legacy'
    step libvirtd started-by-a-client virsh list --all
    step libvirtd runs runs libvirtd
    step virtqemud stays-down ended virtqemud
    step libvirtd define virsh define /mnt/guest-small.xml
    step libvirtd start virsh start lab-small
    step libvirtd destroy virsh destroy lab-small
    step libvirtd disable monolith disable
    step virtqemud enable-modular modular enable
    reboot
    ;;
2)
    URI=qemu:///system
    step virtqemud has-the-guest virsh dominfo lab-small
    step virtqemud runs runs virtqemud
    step libvirtd stays-down ended libvirtd
    step virtqemud start virsh start lab-small
    step virtqemud destroy virsh destroy lab-small
    step virtqemud undefine virsh undefine lab-small
    step virtproxyd legacy-socket sh -c 'virsh -q -c "qemu+unix:///system?mode=legacy" list'
    ;;
esac
