# Writes old_runs.tar.xz with the seqlab of commit c2ca851: a finished run of texts with its export, a finished one of a
# series, one killed (SIGKILL) and what it became when it was resumed.
# bash make_old_runs.sh SEQLAB, in an empty folder
set -u
export OMP_NUM_THREADS=1 SEQLAB_OFFLINE=1; unset SEQLAB_DATA_DIR
S=$1
python3 - <<'P'
import math
with open("series.csv", "w") as f:
    f.write("time,load\n")
    for h in range(24 * 28):
        f.write(f"2024-02-{1 + h // 24:02d} {h % 24:02d}:00,{10 + 3 * math.sin(h / 24 * 6.283) + h % 7 / 10:.3f}\n")
P
common="model.hidden_size=2 model.encoder=onehot task.baselines=false logger=csv verbosity=quiet trainer.accelerator=cpu callbacks.figures=false paths.output_dir=runs trainer.limit_train_batches=4 trainer.limit_val_batches=1 trainer.limit_test_batches=1"
names="data=names data.source=sample"
$S train $common $names name=names trainer.max_epochs=1
$S export runs/names/* --to safetensors
$S train ${common/encoder=onehot/encoder=linear} data=series_csv data.path=series.csv data.targets=load data.time=time data.input_days=1 data.horizon_days=0.125 name=series trainer.max_epochs=1
$S train $common $names name=killed trainer.max_epochs=30 checkpoint.every_steps=2 scheduler=cosine & p=$!
while [ "$(cat runs/killed/*/metrics.jsonl 2>/dev/null | wc -l)" -lt 40 ]; do sleep 0.02; done
kill -9 $p; wait $p
wc -l runs/killed/*/metrics.jsonl
mkdir runs/resumed; cp -r runs/killed/* runs/resumed/
$S train resume=$(ls -d runs/resumed/*)
for kind in names series killed resumed; do mv runs/$kind/*/* runs/$kind/; rmdir runs/$kind/2*; done
find runs \( -name predictions.csv -o -name .lock -o -name csv -o -name run.log -o -name '*.onnx' \) -prune -exec rm -r {} +
rm runs/names/checkpoints/last.ckpt runs/series/checkpoints/last.ckpt runs/resumed/checkpoints/best.ckpt
mv series.csv runs
tar --sort=name --owner=0 --group=0 -C runs -cJf old_runs.tar.xz .
ls -l old_runs.tar.xz; find runs -type f | xargs ls -l
