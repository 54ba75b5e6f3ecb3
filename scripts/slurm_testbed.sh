#!/usr/bin/env bash
# A Slurm of one machine for tests: four fake GPUs, memory counted. Run as root:  scripts/slurm_testbed.sh up|down
# It needs Debian's packages:  apt-get install --no-install-recommends slurm-wlm munge
# The daemons are started here, so no systemd is needed. Everything is below $STATE, but for
# the two files of configuration, which are put aside while the testbed is up.
set -euo pipefail

CONFIG=/etc/slurm
STATE=/tmp/slurm-testbed
MUNGE_SOCKET=/run/munge/munge.socket.2
GPUS=4
NAME=$(uname -n | cut -d. -f1)

up() {
    local program
    for program in munged slurmctld slurmd setpriv; do
        command -v $program >/dev/null || fail "there is no $program: apt-get install slurm-wlm munge"
    done
    [ "$(id -u)" = 0 ] || fail "the daemons must be started by root"
    if [ -d $STATE ]; then
        scontrol ping 2>/dev/null | grep -q "is UP" && { echo "the testbed is up already"; return; }
        down
    fi
    mkdir -p $STATE/{ctld,slurmd,gpus,kept} $CONFIG
    for file in slurm.conf gres.conf; do
        [ ! -e $CONFIG/$file ] || mv $CONFIG/$file $STATE/kept/
    done
    configure
    install -d -o munge -g munge -m 755 /run/munge
    install -d -o munge -g munge -m 700 /etc/munge $STATE/munge
    [ -s /etc/munge/munge.key ] || dd if=/dev/urandom bs=128 count=1 of=/etc/munge/munge.key status=none
    chown munge:munge /etc/munge/munge.key
    chmod 600 /etc/munge/munge.key
    as_munge munged --socket=$MUNGE_SOCKET --pid-file=$STATE/munge/pid --log-file=$STATE/munge/log --seed-file=$STATE/munge/seed
    slurmctld
    slurmd
    for _ in $(seq 60); do
        sinfo --noheader --format=%T 2>/dev/null | grep -qx idle && { sinfo; return; }
        sleep 0.5
    done
    cat $STATE/*.log >&2
    fail "the node did not become idle"
}

configure() {
    local memory gpu
    memory=$(($(awk '/MemTotal/ { print $2 }' /proc/meminfo) / 1024 * 9 / 10))
    for gpu in $(seq 0 $((GPUS - 1))); do
        ln -s /dev/null $STATE/gpus/nvidia"$gpu" # slurmd wants devices, and a container may not make any
    done
    # More processors than there are, so that as many jobs as GPUs run at once; memory is what it is.
    cat >$CONFIG/slurm.conf <<END
ClusterName=testbed
SlurmctldHost=$NAME(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$MUNGE_SOCKET
SlurmUser=root
SlurmctldPidFile=$STATE/slurmctld.pid
SlurmdPidFile=$STATE/slurmd.pid
SlurmctldLogFile=$STATE/slurmctld.log
SlurmdLogFile=$STATE/slurmd.log
StateSaveLocation=$STATE/ctld
SlurmdSpoolDir=$STATE/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
DefMemPerCPU=512
MpiDefault=none
ReturnToService=2
InactiveLimit=0
KillWait=10
SchedulerParameters=sched_interval=1,batch_sched_delay=0
EnforcePartLimits=ANY
GresTypes=gpu
NodeName=$NAME NodeAddr=127.0.0.1 CPUs=8 RealMemory=$memory Gres=gpu:$GPUS State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
    echo "Name=gpu File=$STATE/gpus/nvidia[0-$((GPUS - 1))]" >$CONFIG/gres.conf
}

down() {
    [ -d $STATE ] || { echo "the testbed is down"; return; }
    scancel --user=root 2>/dev/null || true
    for pid in $STATE/slurmd.pid $STATE/slurmctld.pid $STATE/munge/pid; do
        stop "$pid"
    done
    rm -f $CONFIG/slurm.conf $CONFIG/gres.conf
    find $STATE/kept -type f -exec mv {} $CONFIG/ \; 2>/dev/null || true
    rm -rf $STATE
    echo "the testbed is down"
}

# Ask the daemon of a PID file to end, and wait until it has.
stop() {
    local process
    process=$(cat "$1" 2>/dev/null) || return 0
    kill "$process" 2>/dev/null || return 0
    for _ in $(seq 50); do
        kill -0 "$process" 2>/dev/null || return 0
        sleep 0.2
    done
    kill -9 "$process" 2>/dev/null || true
}

as_munge() { setpriv --reuid=munge --regid=munge --clear-groups "$@"; }

fail() {
    echo "slurm_testbed: $1" >&2
    exit 1
}

case "${1:-}" in
    up) up ;;
    down) down ;;
    *) fail "usage: scripts/slurm_testbed.sh up|down" ;;
esac
