package org.jhorovod.launcher.spark;

import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.dataset.RandomAccessDataset;
import ai.djl.training.dataset.Record;
import ai.djl.util.Progress;
import org.jspecify.annotations.Nullable;

/**
 * The data set of all rows, of which this rank holds its share. Its order of samples asks each rank
 * for rows of its own alone.
 */
final class ShareDataset extends RandomAccessDataset {
    private final Share share;
    private final Shape input;

    private ShareDataset(Builder builder) {
        super(builder);
        this.share = builder.share;
        this.input = builder.input;
    }

    /**
     * Makes the data set.
     *
     * @param input the shape of one sample's features
     * @param batchSize of each rank
     */
    static ShareDataset of(Share share, Shape input, int batchSize) {
        return new Builder(share, input)
                .setSampling(new ResidueSampler(share.size(), batchSize))
                .build();
    }

    @Override
    public Record get(NDManager manager, long index) {
        Sample sample = share.sample(index);
        float[] label = sample.label();
        Shape labelShape = label.length == 1 ? new Shape() : new Shape(label.length);
        return new Record(
                new NDList(manager.create(sample.features(), input)),
                new NDList(manager.create(label, labelShape)));
    }

    @Override
    protected long availableSize() {
        return share.total();
    }

    @Override
    public void prepare(@Nullable Progress progress) {
        // All rows are there.
    }

    private static final class Builder extends BaseBuilder<Builder> {
        private final Share share;
        private final Shape input;

        Builder(Share share, Shape input) {
            this.share = share;
            this.input = input;
        }

        @Override
        protected Builder self() {
            return this;
        }

        ShareDataset build() {
            return new ShareDataset(this);
        }
    }
}
