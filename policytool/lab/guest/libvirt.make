#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs in the build root: libvirt's daemons, the modular ones too, from Debian's own source package.
set -eu
cd /build
dpkg-source -x libvirt_*.dsc libvirt
cd libvirt
meson setup b --prefix=/usr --libdir=lib/x86_64-linux-gnu --libexecdir=/usr/lib/libvirt --sysconfdir=/etc --localstatedir=/var \
    --buildtype=release -Dauto_features=disabled -Dsystem=true -Dinit_script=systemd -Drunstatedir=/run \
    -Ddriver_remote=enabled -Ddriver_libvirtd=enabled -Ddriver_qemu=enabled -Ddriver_lxc=enabled \
    -Ddriver_network=enabled -Ddriver_interface=enabled -Ddriver_libxl=enabled -Ddriver_vbox=enabled \
    -Ddriver_secrets=enabled -Dudev=enabled -Dpciaccess=enabled -Dlibpcap=enabled -Dlibnl=enabled \
    -Dselinux=enabled -Dsecdriver_selinux=enabled -Dselinux_mount=/sys/fs/selinux -Daudit=enabled \
    -Dcapng=enabled -Dnumactl=enabled -Dnumad=enabled -Dfuse=enabled -Dblkid=enabled -Dattr=enabled -Dyajl=enabled \
    -Dreadline=enabled -Dstorage_fs=enabled -Dstorage_lvm=enabled -Dstorage_disk=enabled \
    -Dstorage_dir=enabled -Dstorage_scsi=enabled -Dstorage_mpath=enabled -Dpolkit=disabled -Dapparmor=disabled -Dtests=disabled -Ddocs=disabled \
    -Dqemu_user=libvirt-qemu -Dqemu_group=libvirt-qemu
ninja -C b
DESTDIR=/build/dest ninja -C b install
