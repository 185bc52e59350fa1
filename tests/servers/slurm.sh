#!/bin/sh
# A throw-away Slurm of one node for tests. Prints one line, its folder: FOLDER/slurm.conf is for
# SLURM_CONF, and `FOLDER/restart` ends the controller and starts it again; `restart stop` only ends it,
# `restart kill` kills it, so that what it noted in FOLDER/state may be some seconds old. It runs until its
# standard input ends, also when the test dies, cancels what still runs, and leaves nothing behind.
# Exit 77: not installed.
PATH=$PATH:/usr/sbin:/sbin
for program in munged munge slurmctld slurmd sbatch scontrol squeue scancel; do
    command -v $program >/dev/null || exit 77
done
folder=$(mktemp -d /tmp/rmv-slurm.XXXXXX) || exit 1
munged= slurmctld= slurmd=
export SLURM_CONF=$folder/slurm.conf

end() { # end PID...
    for pid; do
        kill "$pid" 2>/dev/null
        for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$pid" 2>/dev/null
    done
}
finish() {
    if [ -s "$folder/slurmctld.pid" ]; then
        timeout 10 scancel --quiet --user="$(id -un)" 2>/dev/null
        for i in 1 2 3 4 5 6 7 8 9 10; do
            [ -n "$(timeout 5 squeue -h 2>/dev/null)" ] || break
            sleep 0.3
        done
    fi
    # shellcheck disable=SC2046 # numbers
    end $(cat "$folder"/*.pid 2>/dev/null)
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

port() { echo $((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000)); }
wait_for() { # wait_for COMMAND...: until it succeeds, 20 seconds at the most
    for i in $(seq 100); do "$@" >/dev/null 2>&1 && return 0; sleep 0.2; done
    cat "$folder"/*.log >&2
    exit 1
}
mkdir "$folder/state" "$folder/spool"
chmod 755 "$folder"
head -c 1024 /dev/urandom >"$folder/key" && chmod 400 "$folder/key"
node=$(hostname -s)
cat >"$SLURM_CONF" <<CONF
ClusterName=rmv
SlurmctldHost=$node(127.0.0.1)
SlurmctldPort=$(port)
SlurmdPort=$(port)
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/ctld.pidfile
SlurmdPidFile=$folder/d.pidfile
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
KillWait=2
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
PropagateResourceLimits=NONE
NodeName=$node NodeAddr=127.0.0.1 CPUs=8 RealMemory=4096 State=UNKNOWN
PartitionName=test Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF

cat >"$folder/restart" <<'RESTART'
#!/bin/sh
cd "$(dirname "$0")" || exit 1
export SLURM_CONF=$PWD/slurm.conf PATH=$PATH:/usr/sbin:/sbin
if [ -s slurmctld.pid ]; then
    pid=$(cat slurmctld.pid)
    [ "$1" = kill ] || kill "$pid" # told to end, it saves what it knows
    for i in $(seq 300); do [ "$1" != kill ] && kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null
    rm -f slurmctld.pid
fi
[ -z "$1" ] || exit 0
setsid slurmctld -D -i -f "$SLURM_CONF" >>slurmctld.log 2>&1 </dev/null &
echo $! >slurmctld.pid
RESTART
chmod 755 "$folder/restart"

setsid munged --foreground --force --key-file="$folder/key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munge.pidfile" --log-file="$folder/munged.log" --seed-file="$folder/seed" \
    --num-threads=2 >"$folder/munged.out" 2>&1 </dev/null &
echo $! >"$folder/munged.pid"
wait_for munge -n -S "$folder/munge.socket"
"$folder/restart"
wait_for scontrol ping
setsid slurmd -D -f "$SLURM_CONF" -N "$node" >"$folder/slurmd.out" 2>&1 </dev/null &
echo $! >"$folder/slurmd.pid"
is_idle() {
    [ "$(sinfo -h -o %t)" = idle ] || { scontrol update nodename="$node" state=resume; false; }
}
wait_for is_idle
echo "$folder"
cat >/dev/null
