# SPDX-License-Identifier: GPL-2.0-or-later
# A persistent secret from definition to removal, over a restart of the daemon.
. /mnt/steps
URI=secret:///system
UUID=3d3a7a3e-5a3f-4d6e-9a44-0d9d5f2f0001
value() { [ "$(virsh secret-get-value --plain $UUID)" = "$1" ]; }
step virtsecretd list virsh secret-list
step virtsecretd define virsh secret-define /mnt/secret-keep.xml
step virtsecretd set-value virsh secret-set-value $UUID --base64 c3ludGhldGlj
step virtsecretd get-value value synthetic
step virtsecretd dumpxml virsh secret-dumpxml $UUID
step virtsecretd restart systemctl restart virtsecretd.service
step virtsecretd value-survives value synthetic
step virtsecretd redefine virsh secret-define /mnt/secret-keep.xml
step virtsecretd undefine virsh secret-undefine $UUID
