# SPDX-License-Identifier: GPL-2.0-or-later
# A guest and a network that start with the machine, and the daemons that run for them; a daemon without work ends after
# two minutes, in real time, and a client starts it again.
. /mnt/steps
. /mnt/boots
URI=qemu:///system
running() { [ "$(virsh domstate lab-boot-net)" = running ]; }
stays_up() { sleep 130 && runs virtqemud; }
case $boot in
0)
    step virtnetworkd define-net virsh net-define /mnt/net-nat.xml
    step virtnetworkd autostart-net virsh net-autostart lab-nat
    step virtqemud define virsh define /mnt/guest-boot-net.xml
    step virtqemud autostart virsh autostart lab-boot-net
    step virtqemud enable systemctl --quiet enable virtqemud.service
    reboot
    ;;
1)
    step virtqemud up-after-boot poll 60 runs virtqemud
    step virtqemud guest-has-started poll 60 running
    step virtnetworkd bridge-is-up ip link show labbr0
    step virtnetworkd net-is-active virsh net-info lab-nat
    step virtqemud stays-up-with-a-guest stays_up
    # libvirt 9.0 leaves a network to dnsmasq and the kernel.
    step virtnetworkd ended-when-idle poll 60 ended virtnetworkd
    step virtnetworkd bridge-stays-up ip link show labbr0
    step virtqemud still-running running
    step virtqemud destroy virsh destroy lab-boot-net
    step virtqemud undefine virsh undefine lab-boot-net
    step virtnetworkd destroy-net virsh net-destroy lab-nat
    step virtnetworkd undefine-net virsh net-undefine lab-nat
    reboot
    ;;
2)
    step virtqemud up-without-a-guest poll 60 runs virtqemud
    step virtqemud gone-after-two-minutes poll 180 ended virtqemud
    step virtqemud started-by-a-client virsh list --all
    step virtqemud runs-again runs virtqemud
    step virtqemud disable systemctl --quiet disable virtqemud.service
    step virtqemud sockets-stay systemctl --quiet enable virtqemud.socket virtqemud-ro.socket virtqemud-admin.socket
    ;;
esac
