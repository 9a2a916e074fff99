filter() { trap "" HUP INT TERM; LC_ALL=C exec stdbuf -o0 tr "\n[\376\377" "\376\377\n["; }
IFS=, read -ra hosts <<< "$1"
shift
export JHOROVOD_HOST=${hosts[OMPI_COMM_WORLD_RANK]}
cores=$(OMP_NUM_THREADS= OMP_THREAD_LIMIT= nproc)
if [ $OMPI_COMM_WORLD_LOCAL_SIZE -gt $cores ]; then
    export OMPI_MCA_mpi_yield_when_idle=${OMPI_MCA_mpi_yield_when_idle:-1}
fi
share=$((cores / OMPI_COMM_WORLD_LOCAL_SIZE))
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((share > 0 ? share : 1))}
export OPT_OUT_TRACKING=${OPT_OUT_TRACKING:-true}
IFS=, read -ra gpus <<< "${CUDA_VISIBLE_DEVICES-$(
    timeout 20 nvidia-smi -L 2> /dev/null | sed -n "s/^GPU.*(UUID: \(.*\)).*/\1/p" | tr "\n" ,
)}"
if [ ${#gpus[@]} -gt 0 ]; then
    export CUDA_VISIBLE_DEVICES=${gpus[OMPI_COMM_WORLD_LOCAL_RANK % ${#gpus[@]}]}
fi
exec 3> >(filter)
out=$!
exec 4> >(filter >&2 3>&-)
err=$!
trap : HUP INT TERM
(exec 2>&4; exec -- "$@" >&3 3>&- 4>&-) 2> /dev/null
code=$?
exec 3>&- 4>&-
for i in {1..20}; do
    kill -0 $out 2> /dev/null || kill -0 $err 2> /dev/null || break
    sleep 0.05
done
kill -KILL $out $err 2> /dev/null
printf "[exit %d]" $code >&2
exit $code
