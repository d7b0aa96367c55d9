# SPDX-License-Identifier: GPL-2.0-or-later
# A pool and its volumes by their names, keys and paths; a pool from XML, edited; sources looked for; ways to wipe.
. /mnt/steps
URI=storage:///system
folder=/var/lib/libvirt/lab-verbs
pool() { [ "$(virsh pool-name "$(virsh pool-uuid labverbs)")" = labverbs ]; }
volume() { [ "$(virsh vol-name "$(virsh vol-key one.img --pool labverbs)")" = one.img ]; }
step virtstoraged capabilities virsh pool-capabilities
step virtstoraged make-folder mkdir -p $folder
step virtstoraged label-folder restorecon -R $folder
step virtstoraged create virsh pool-create /mnt/pool-verbs.xml
step virtstoraged destroy-transient virsh pool-destroy labverbs
step virtstoraged define virsh pool-define /mnt/pool-verbs.xml
step virtstoraged name-of-the-uuid pool
step virtstoraged edit edit 's/<mode>[0-9]*/<mode>0750/' pool-edit labverbs
step virtstoraged is-edited sh -c 'virsh -q -c storage:///system pool-dumpxml labverbs --inactive | grep -q 0750'
step virtstoraged start virsh pool-start labverbs
step virtstoraged details virsh pool-list --all --details
step virtstoraged bytes virsh pool-info labverbs --bytes
step virtstoraged create-volume virsh vol-create-as labverbs one.img 2M --format raw
step virtstoraged name-of-the-key volume
step virtstoraged volume-info virsh vol-info one.img --pool labverbs
step virtstoraged volume-bytes virsh vol-info one.img --pool labverbs --bytes --physical
step virtstoraged volume-path virsh vol-path one.img --pool labverbs
step virtstoraged volume-pool sh -c 'virsh -q -c storage:///system vol-pool "$(virsh -q -c storage:///system vol-path one.img --pool labverbs)"'
refuse virtstoraged wipe-otherwise 'scrub\|No such\|find' virsh vol-wipe one.img --pool labverbs --algorithm nnsa
step virtstoraged create-directory virsh vol-create-as labverbs inner 1M --format dir
step virtstoraged delete-directory virsh vol-delete inner --pool labverbs
step virtstoraged delete-volume virsh vol-delete one.img --pool labverbs
step virtstoraged groups virsh find-storage-pool-sources logical
refuse virtstoraged folders 'support' virsh find-storage-pool-sources dir
refuse virtstoraged servers 'no storage pools\|missing\|support\|find\|backend' virsh find-storage-pool-sources-as netfs 127.0.0.1
step virtstoraged destroy virsh pool-destroy labverbs
step virtstoraged undefine virsh pool-undefine labverbs
step virtstoraged clean-up rm -rf $folder /usr/local/bin/policytool-client
